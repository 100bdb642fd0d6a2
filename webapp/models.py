"""The models that can be asked, by name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Lock

from trainer.bundle import PRETRAINED, Bundle, BundleError, Card, Recogniser, read_bundle
from webapp.settings import Settings

log = logging.getLogger(__name__)


class UnknownModel(LookupError):
    """No model of that name."""


class Models:
    """Bundles in folders, loaded on first use; a bundle in the home folder hides one that came.

    A bundle that is not sound is left out with its reason in the log. One that is not asked costs
    the memory of its card.
    """

    def __init__(self, settings: Settings) -> None:
        self._folders = (settings.models_folder, PRETRAINED)
        self._cards: dict[str, Card | None] = {}
        self._loaded: dict[str, Recogniser] = {}
        self._lock = Lock()
        self.default = settings.model
        try:
            self.get(self.default)
        except UnknownModel:
            raise BundleError(f"there is no sound model {self.default!r} to start with") from None

    @property
    def names(self) -> list[str]:
        """Names of the bundles that are there, the default one first."""
        found = {
            path.parent.name for folder in self._folders for path in folder.glob("*/card.json")
        }
        return sorted(found, key=lambda name: (name != self.default, name))

    def get(self, name: str | None = None) -> Recogniser:
        """The model of that name, or the default one. Raises `UnknownModel`."""
        name = name or self.default
        if name not in self._loaded:
            with self._lock:
                if name not in self._loaded:
                    self._loaded[name] = self._load(name)
        return self._loaded[name]

    def cards(self) -> dict[str, Card]:
        """The card of every sound bundle, the default one's first; loads no model."""
        for name in self.names:
            if name not in self._cards:
                bundle = next(self._sound(name), None)
                self._cards[name] = bundle.card if bundle else None
        return {name: card for name in self.names if (card := self._cards[name])}

    def _load(self, name: str) -> Recogniser:
        for bundle in self._sound(name):
            try:
                return Recogniser(bundle)
            except BundleError as error:
                log.error("bundle refused: %s", error)
        raise UnknownModel(name)

    def _sound(self, name: str) -> Iterator[Bundle]:
        """The sound bundles of that name, that in the home folder first."""
        if name not in self.names:  # also keeps a name from being a path
            return
        for folder in self._folders:
            if (folder / name).is_dir():
                try:
                    yield read_bundle(folder / name)
                except BundleError as error:
                    log.error("bundle refused: %s", error)
