"""Versions of the default model: immutable folders, and one pointer in the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from trainer.recognition.bundle import Bundle, BundleError, copy_bundle, read_bundle
from webapp.storage import audit
from webapp.storage.database import Database
from webapp.storage.tables import Activation, now

SHIPPED = "shipped"
"""In place of a version: the model that came with Inkling, or that `INKLING_MODEL` names."""


class Versions:
    """Bundles by their version, and which of them answers.

    The newest `Activation` is the pointer. Each knows the one that it took over from, down to the
    shipped model.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self._database = database
        self.folder = home / "versions"

    def add(self, source: Path) -> Bundle:
        """Copy a bundle among the versions. Raises `BundleError` for one that is unsound."""
        bundle = read_bundle(source)
        place = self.folder / bundle.card.version
        return read_bundle(place) if place.is_dir() else copy_bundle(bundle, place)

    def read(self, version: str) -> Bundle:
        """Raises `BundleError`, with the reason, for one that must not answer."""
        if version not in self.names():  # also keeps a version from being a path
            raise BundleError(f"there is no version {version!r} in {self.folder}")
        bundle = read_bundle(self.folder / version)
        if bundle.card.version != version:
            raise BundleError(f"{bundle.folder}: its card is of version {bundle.card.version}")
        return bundle

    def names(self) -> list[str]:
        """The versions that are there, the newest folder first."""
        folders = [path.parent for path in self.folder.glob("[!.]*/card.json")]
        return [path.name for path in sorted(folders, key=lambda path: -path.stat().st_mtime)]

    def line(self) -> list[str]:
        """The active version, and those that it took over from, to `SHIPPED`."""
        if not self._database.is_there:
            return [SHIPPED]
        with self._database.reading() as session:
            return [*(each.version for each in _chain(session)), SHIPPED]

    def promote(self, version: str, who: str) -> None:
        """Let a version answer. Raises `BundleError` for one that must not."""
        if version != SHIPPED:
            self.read(version)
        with self._database.writing() as session:
            current = _newest(session)
            session.add(Activation(at=now(), version=version, before=current and current.id))
            audit.record(session, who, "promoted", version=version)

    def roll_back(self, who: str) -> str:
        """Let the one answer again that the active version took over from, and tell which.

        Raises `BundleError` where nothing ever took over.
        """
        with self._database.writing() as session:
            newest = _newest(session)
            if newest is None or (newest.version == SHIPPED and newest.before is None):
                raise BundleError("no version ever took over: there is nothing to roll back")
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
    """From the newest activation to the first, less those that let the shipped model answer."""
    activation = _newest(session)
    while activation is not None and activation.version != SHIPPED:
        yield activation
        activation = session.get(Activation, activation.before) if activation.before else None
