"""Versions of the default model: immutable folders, and a pointer to the active one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from trainer.recognition.bundle import Bundle, BundleError, copy_bundle, read_bundle
from webapp.storage import audit
from webapp.storage.database import Database
from webapp.storage.tables import Activation, now

log = logging.getLogger(__name__)

T = TypeVar("T")

SHIPPED = "shipped"
"""The version name of the model before any promotion: the bundle that `INKLING_MODEL` names."""


def first_sound(lineage: Sequence[str], load: Callable[[str], T], refused: set[str]) -> T | None:
    """The first version of a lineage that loads; None if that is the shipped model.

    `load` raises `BundleError` for an invalid version, which is then logged and added to `refused`.
    Versions in `refused` are not tried.
    """
    for version in lineage:
        if version == SHIPPED:
            break
        if version in refused:
            continue
        try:
            return load(version)
        except BundleError as error:
            refused.add(version)
            log.error("version refused: %s", error)
    return None


class Versions:
    """The versions of the default model: their bundles, and which of them is active.

    The newest `Activation` is the pointer. Each activation points to the one that it replaced, down
    to the shipped model.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self._database = database
        self.folder = home / "versions"

    def add(self, source: Path) -> Bundle:
        """Copy a bundle into the folder of versions. Raises `BundleError` if it is invalid."""
        bundle = read_bundle(source)
        place = self.folder / bundle.card.version
        return read_bundle(place) if place.is_dir() else copy_bundle(bundle, place)

    def read(self, version: str) -> Bundle:
        """The bundle of a version. Raises `BundleError` if there is none, or if it is invalid."""
        if version not in self.names():  # also keeps a version from being a path
            raise BundleError(f"there is no version {version!r} in {self.folder}")
        bundle = read_bundle(self.folder / version)
        if bundle.card.version != version:
            raise BundleError(f"{bundle.folder}: its card names version {bundle.card.version}")
        return bundle

    def names(self) -> list[str]:
        """The versions in the folder, the newest first."""
        folders = [path.parent for path in self.folder.glob("[!.]*/card.json")]
        return [path.name for path in sorted(folders, key=lambda path: -path.stat().st_mtime)]

    def lineage(self) -> list[str]:
        """The active version, the one that it replaced, and so on, down to `SHIPPED`."""
        if not self._database.exists:
            return [SHIPPED]
        with self._database.reading() as session:
            return [*(each.version for each in _chain(session)), SHIPPED]

    def promote(self, version: str, who: str) -> None:
        """Activate a version; `who` is for the audit log. Raises `BundleError` if it is invalid."""
        if version != SHIPPED:
            self.read(version)
        with self._database.writing() as session:
            current = _newest(session)
            session.add(Activation(at=now(), version=version, before=current and current.id))
            audit.record(session, who, "promoted", version=version)

    def roll_back(self, who: str) -> str:
        """Reactivate the version that the active one replaced, and return it.

        Raises `BundleError` if there is none, or if it is invalid.
        """
        with self._database.writing() as session:
            newest = _newest(session)
            if newest is None or (newest.version == SHIPPED and newest.before is None):
                raise BundleError("no version was ever promoted: there is nothing to roll back")
            earlier = session.get_one(Activation, newest.before) if newest.before else None
            version = earlier.version if earlier else SHIPPED
            if version != SHIPPED:
                self.read(version)
            before = earlier.before if earlier else None
            session.add(Activation(at=now(), version=version, before=before))
            audit.record(session, who, "rolled back", version=version)
        return version


def _newest(session: Session) -> Activation | None:
    return session.scalars(select(Activation).order_by(Activation.id.desc()).limit(1)).first()


def _chain(session: Session) -> Iterator[Activation]:
    """The activations from the newest back to the shipped model, which is left out."""
    activation = _newest(session)
    while activation is not None and activation.version != SHIPPED:
        yield activation
        activation = session.get(Activation, activation.before) if activation.before else None
