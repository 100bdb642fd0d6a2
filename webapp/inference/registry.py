"""The models that serve predictions, by name."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from trainer.recognition.bundle import PRETRAINED, Bundle, BundleError, Card, read_bundle
from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer
from webapp.inference.versions import Versions, first_sound
from webapp.logs import fields
from webapp.settings import Settings
from webapp.threads import every

_LOOK_EVERY = 0.5
_LOOK_AGAIN_AFTER_FAILURE = 10.0
"""Seconds."""

_MOST_VALUES = 1_000_000
"""Of all layers together, as each explanation draws them; the shipped model has 41,760."""

ALL = "all"
"""The model name that requests the answers of all models."""

Watcher = Callable[[NumberPrediction, Recognizer, bool], None]
"""Takes a reading, what read it, and whether it is refused as one digit because it would be a
number."""

log = logging.getLogger(__name__)


class UnknownModel(LookupError):
    """There is no valid model of that name; the message lists the known ones."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no model {name!r}; known: {', '.join(known)}")


class Models:
    """The models, loaded on first use. A bundle in the home folder overrides a shipped one.

    The default model is the active version, if one was promoted. Invalid bundles are skipped, and
    the reason is logged. A bundle that is not used takes only the memory of its card.
    """

    def __init__(self, settings: Settings, versions: Versions | None = None) -> None:
        self._settings = settings
        self._cards: dict[str, Card | None] = {}
        self._loaded: dict[str, Recognizer] = {}
        self._lock = Lock()
        self.default = settings.model
        self.watchers: list[Watcher] = []
        """Told of each answer of the default model; they must neither wait nor raise."""
        self._versions = versions
        self._active: Recognizer | None = None  # of the default model, where one is promoted
        self._following = Lock()
        self._next_look = 0.0
        self._looked_at: int | None = None  # the activation that was followed last
        self._is_followed = False
        self._is_stuck = False
        try:
            self._named(self.default)
        except UnknownModel:
            raise BundleError(
                f"INKLING_MODEL={self.default!r} is wrong: there is no valid bundle of the model "
                f"{self.default!r}; there are {', '.join(sorted(_names(settings)))}"
            ) from None

    @property
    def names(self) -> list[str]:
        """Names of the bundles, the default one first."""
        return sorted(_names(self._settings), key=lambda name: (name != self.default, name))

    def get(self, name: str | None = None) -> Recognizer:
        """The model of that name, or the default model's active version. Raises `UnknownModel`."""
        if name and name != self.default:
            return self._named(name)
        if not self._is_followed:
            self.follow()
        return self._active or self.shipped()

    def cards(self) -> dict[str, Card]:
        """The card of every valid bundle, the default one first; loads only the default model."""
        names = self.names  # once: a bundle may be added meanwhile
        for name in names:
            if name not in self._cards:
                bundle = next(bundles_of(self._settings, name), None)
                self._cards[name] = bundle.card if bundle else None
        cards = self._cards | {self.default: self.get().card}
        return {name: card for name in names if (card := cards[name])}

    def shipped(self) -> Recognizer:
        """The default model without any promoted version."""
        return self._named(self.default)

    def _named(self, name: str) -> Recognizer:
        if name not in self._loaded:
            with self._lock:
                if name not in self._loaded:
                    self._loaded[name] = self._load(name)
        return self._loaded[name]

    def follow_in_background(self) -> None:
        """From now on look for promotions in a thread, so that no request waits for the database.

        The first look is here, so that no request gets an old version's answer. Without it, as
        outside gunicorn, requests look themselves.
        """
        self.follow()
        self._is_followed = True
        every(_LOOK_EVERY / 2, self.follow)

    def follow(self) -> None:
        """Query the database, if it is time, so as to follow a promotion within a second.

        While one thread looks, the others go on with the last version.
        """
        if self._versions is None or time.monotonic() < self._next_look:
            return
        if self._following.acquire(blocking=False):
            try:
                self._next_look = time.monotonic() + self._switched(self._versions)
            finally:
                self._following.release()

    def _switched(self, versions: Versions) -> float:
        """Switch to the active version once it is loaded and tested; until then keep the old one.

        If it is invalid, the version that it replaced is used, and the log says so once for each
        activation. Returns the number of seconds after which to look again.
        """
        try:
            newest = versions.pointer().id
            if newest != self._looked_at:
                self._switch(first_sound(versions.lineage(), self._load_version))
                self._looked_at = newest
        except Exception as error:  # whatever it is, the last version goes on answering
            if not self._is_stuck:
                log.error("cannot follow the active version, keeping the last one: %s", error)
            self._is_stuck = True
            return _LOOK_AGAIN_AFTER_FAILURE
        if self._is_stuck:
            log.info("following the active version again")
        self._is_stuck = False
        return _LOOK_EVERY

    def _switch(self, recognizer: Recognizer | None) -> None:
        before, self._active = self._active, recognizer
        if recognizer is not before:
            version = (recognizer or self.shipped()).card.version
            log.info("version %s answers", version, extra=fields(version=version))

    def _load_version(self, version: str) -> Recognizer:
        if self._active and self._active.card.version == version:
            return self._active
        assert self._versions is not None  # noqa: S101 - for mypy
        return tried(self._versions.read(version))

    def _load(self, name: str) -> Recognizer:
        for bundle in bundles_of(self._settings, name):
            try:
                return Recognizer(bundle)
            except BundleError as error:
                log.error("bundle refused: %s", error)
        raise UnknownModel(name, [*self.names, ALL])


def shipped_version(settings: Settings) -> str:
    """The version in the card of the default model, without any promoted one; "" if invalid."""
    bundle = next(bundles_of(settings, settings.model), None)
    return bundle.card.version if bundle else ""


def bundles_of(settings: Settings, name: str) -> Iterator[Bundle]:
    """The valid bundles of that name, the one in the home folder first."""
    if name not in _names(settings):  # also keeps a name from being a path
        return
    for folder in _folders(settings):
        if (folder / name).is_dir():
            try:
                yield read_bundle(folder / name)
            except BundleError as error:
                log.error("bundle refused: %s", error)


def _names(settings: Settings) -> set[str]:
    cards = (path for folder in _folders(settings) for path in folder.glob("[!.]*/card.json"))
    return {card.parent.name for card in cards}


def _folders(settings: Settings) -> tuple[Path, Path]:
    return settings.models_folder, PRETRAINED


def tried(bundle: Bundle) -> Recognizer:
    """Load a bundle and run it once. Raises `BundleError`."""
    recognizer = Recognizer(bundle)
    try:
        blank = np.zeros((1, SIDE, SIDE), np.uint8)
        outputs: list[NDArray] = [recognizer.logits(blank), *recognizer.stages(blank).values()]
    except Exception as error:  # onnxruntime's own exceptions share no other base
        raise BundleError(f"{bundle.folder}: it cannot be run: {error}") from error
    if not all(np.isfinite(values).all() for values in outputs):
        raise BundleError(f"{bundle.folder}: its output is not finite")
    if sum(values.size for values in outputs) > _MOST_VALUES:
        raise BundleError(f"{bundle.folder}: its layers have too many values to be shown")
    return recognizer
