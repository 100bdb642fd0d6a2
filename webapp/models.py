"""The models that can be asked, by name."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Lock

from trainer.bundle import PRETRAINED, BundleError, Recogniser, read_bundle
from webapp.settings import Settings

log = logging.getLogger(__name__)


class UnknownModel(LookupError):
    """No model of that name."""


class Models:
    """Bundles in folders, loaded on first use; a bundle in the home folder hides one that came.

    A bundle that is not sound is left out with its reason in the log.
    """

    def __init__(self, settings: Settings) -> None:
        self._folders = (settings.models_folder, PRETRAINED)
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

    def all(self) -> dict[str, Recogniser]:
        """Every sound model, the default one first."""
        sound = {}
        for name in self.names:
            with suppress(UnknownModel):
                sound[name] = self.get(name)
        return sound

    def _load(self, name: str) -> Recogniser:
        if name not in self.names:  # also keeps a name from being a path
            raise UnknownModel(name)
        for folder in self._folders:
            if (folder / name).is_dir():
                try:
                    return Recogniser(read_bundle(folder / name))
                except BundleError as error:
                    log.error("bundle refused: %s", error)
        raise UnknownModel(name)
