"""The versions that a run continues from and is compared with."""

from __future__ import annotations

from pathlib import Path

from trainer.recognition.bundle import Bundle
from webapp.inference.registry import bundles_of
from webapp.inference.versions import Versions, first_sound
from webapp.settings import Settings


class Rivals:
    """Bundles as files, for the trainer: those of versions are written to the run's folder."""

    def __init__(self, settings: Settings, versions: Versions, folder: Path) -> None:
        self._settings = settings
        self._versions = versions
        self._folder = folder / "versions"

    def active(self) -> Bundle:
        """The bundle of the active version or, if that is damaged, of the one that it replaced."""
        promoted = first_sound(self._versions.lineage(), self._written)
        return promoted or self.shipped()

    def shipped(self) -> Bundle:
        """The default model without any promoted version: a floor for all others."""
        return next(bundles_of(self._settings, self._settings.model))

    def _written(self, version: str) -> Bundle:
        return self._versions.write_to(self._folder / version, version)
