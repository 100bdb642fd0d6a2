"""The models that can be asked, by name."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from trainer.recognition.bundle import PRETRAINED, Bundle, BundleError, Card, read_bundle
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer
from webapp.inference.versions import SHIPPED, Versions
from webapp.settings import Settings

_LOOK_EVERY = 0.5
_LOOK_AGAIN_AFTER_FAILURE = 10.0
"""Seconds."""

log = logging.getLogger(__name__)


class UnknownModel(LookupError):
    """No model of that name."""


class Models:
    """Bundles in folders, loaded on first use; a bundle in the home folder hides one that came.

    Of the default one, the active version answers where one was promoted.
    A bundle that is not sound is left out with its reason in the log. One that is not asked costs
    the memory of its card.
    """

    def __init__(self, settings: Settings, versions: Versions | None = None) -> None:
        self._settings = settings
        self._cards: dict[str, Card | None] = {}
        self._loaded: dict[str, Recognizer] = {}
        self._lock = Lock()
        self.default = settings.model
        self._versions = versions
        self._active: Recognizer | None = None  # of the default model, where one is promoted
        self._next_look = 0.0
        self._line: list[str] = []
        self._refused: set[str] = set()  # of this line, so that each is tried and told once
        try:
            self._named(self.default)
        except UnknownModel:
            raise BundleError(f"there is no sound model {self.default!r} to start with") from None

    @property
    def names(self) -> list[str]:
        """Names of the bundles that are there, the default one first."""
        return sorted(_names(self._settings), key=lambda name: (name != self.default, name))

    def get(self, name: str | None = None) -> Recognizer:
        """The model of that name, or the default one's active version. Raises `UnknownModel`."""
        if name and name != self.default:
            return self._named(name)
        self._follow()
        return self._active or self.shipped()

    def cards(self) -> dict[str, Card]:
        """The card of every sound bundle, the default one's first; loads no other model."""
        for name in self.names:
            if name not in self._cards:
                bundle = next(bundles_of(self._settings, name), None)
                self._cards[name] = bundle.card if bundle else None
        cards = self._cards | {self.default: self.get().card}
        return {name: card for name in self.names if (card := cards[name])}

    def shipped(self) -> Recognizer:
        """The default model as it is where no version was promoted."""
        return self._named(self.default)

    def _named(self, name: str) -> Recognizer:
        if name not in self._loaded:
            with self._lock:
                if name not in self._loaded:
                    self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _follow(self) -> None:
        """Take the active version over, once it is loaded and tried; till then the old one answers.

        Where it cannot be, the one that it took over from does. Looks at the pointer just so often
        that a promotion is followed within a second.
        """
        moment = time.monotonic()
        if self._versions is None or moment < self._next_look:
            return
        self._next_look = moment + _LOOK_EVERY
        try:
            line = self._versions.line()
        except SQLAlchemyError as error:
            self._next_look = moment + _LOOK_AGAIN_AFTER_FAILURE
            log.error("the active version is not known, the last one answers: %s", error)
            return
        if line != self._line:
            self._line = line
            self._refused.clear()
        for version in line:
            if version == SHIPPED:
                self._active = None
                return
            if self._active and self._active.card.version == version:
                return
            if version in self._refused:
                continue
            try:
                self._active = _tried(self._versions.read(version))
            except BundleError as error:
                self._refused.add(version)
                log.error("version refused: %s", error)
            else:
                log.info("version %s answers", version)
                return

    def _load(self, name: str) -> Recognizer:
        for bundle in bundles_of(self._settings, name):
            try:
                return Recognizer(bundle)
            except BundleError as error:
                log.error("bundle refused: %s", error)
        raise UnknownModel(name)


def bundles_of(settings: Settings, name: str) -> Iterator[Bundle]:
    """The sound bundles of that name, that in the home folder first."""
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


def _tried(bundle: Bundle) -> Recognizer:
    """Load a bundle, and let it answer once. Raises `BundleError`."""
    recognizer = Recognizer(bundle)
    try:
        logits = recognizer.logits(np.zeros((1, SIDE, SIDE), np.uint8))
    except Exception as error:  # onnxruntime's own exceptions share no other base
        raise BundleError(f"{bundle.folder}: it cannot answer: {error}") from error
    if not np.isfinite(logits).all():
        raise BundleError(f"{bundle.folder}: its answer is no number")
    return recognizer
