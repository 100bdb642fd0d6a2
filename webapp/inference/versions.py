"""Versions of the default model: immutable folders, and a pointer to the active one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session

from trainer.recognition.bundle import Bundle, BundleError, copy_bundle, read_bundle
from webapp.storage import activations, audit
from webapp.storage.activations import SHIPPED
from webapp.storage.database import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

__all__ = ["SHIPPED", "Superseded", "Versions", "first_sound"]


class Superseded(Exception):
    """Another version became active than the one that the caller expected to replace."""

    def __init__(self, expected: str, active: str) -> None:
        super().__init__(
            f"another version was promoted meanwhile: {active} is active instead of {expected}; "
            "compare again"
        )


def first_sound(lineage: Iterable[str], load: Callable[[str], T]) -> T | None:
    """The first version of a lineage that loads; None if that is the shipped model.

    `load` raises `BundleError` for an invalid version, which is then logged, once.
    """
    refused: set[str] = set()
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

    The newest activation is the pointer. Each activation points to the one that it replaced, down
    to the shipped model. `shipped` returns the version in the shipped model's card.
    """

    def __init__(
        self, database: Database, home: Path, shipped: Callable[[], str] = lambda: SHIPPED
    ) -> None:
        self._database = database
        self._shipped = shipped
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

    def pointer(self) -> activations.Pointer:
        """The newest activation, which names the active version; one query."""
        if not self._database.exists:
            return activations.NOTHING
        with self._database.reading() as session:
            return activations.pointer(session)

    def lineage(self) -> Iterator[str]:
        """The active version, the one that it replaced, and so on, down to `SHIPPED`.

        The active version takes one query, all others together take another, when they are needed.
        """
        newest = self.pointer()
        yield newest.version
        if newest.version != SHIPPED:
            with self._database.reading() as session:
                earlier = activations.lineage(session, newest)[1:]
            yield from earlier

    def previous(self) -> str | None:
        """The version that a rollback activates; None if there is nothing to roll back."""
        newest = self.pointer()
        if newest.is_first:
            return None
        with self._database.reading() as session:
            return activations.replaced(session, newest).version

    def promote(self, version: str, who: str, expected: str | None = None) -> None:
        """Activate a version; `who` is for the audit log.

        Raises `BundleError` if it is invalid, and `Superseded` as `activate` does.
        """
        self.check(version)
        with self._database.writing() as session:
            self.activate(session, version, who, expected)

    def check(self, version: str) -> None:
        """Raise `BundleError` if there is no valid version of that name."""
        if version != SHIPPED:
            self.read(version)

    def activate(
        self, session: Session, version: str, who: str, expected: str | None = None
    ) -> None:
        """Activate a checked version, as a part of this writing transaction.

        `expected` is the version that it was compared with, by its name or that of the bundle that
        answers for it. Raises `Superseded` if it is not the active one any more.
        """
        newest = activations.locked_pointer(session)
        self._expect(session, newest, expected)
        activations.append(session, version, newest.id)
        audit.record(session, who, "promoted", version=version)

    def roll_back(self, who: str, expected: str | None = None) -> str:
        """Reactivate the version that the active one replaced, and return it.

        Raises `BundleError` if there is none, or if it is invalid, and `Superseded` if the active
        version is not the expected one.
        """
        with self._database.writing() as session:
            newest = activations.locked_pointer(session)
            self._expect(session, newest, expected)
            if newest.is_first:
                raise BundleError("no version was ever promoted: there is nothing to roll back")
            earlier = activations.replaced(session, newest)
            self.check(earlier.version)
            activations.append(session, earlier.version, earlier.before)
            audit.record(session, who, "rolled back", version=earlier.version)
        return earlier.version

    def is_active(self, version: str) -> bool:
        """Whether a version is the active one, by its name or that of the bundle that answers."""
        if not self._database.exists:
            return version in {SHIPPED, self._shipped()}
        with self._database.reading() as session:
            return self._is_active(session, activations.pointer(session), version)

    def _expect(self, session: Session, newest: activations.Pointer, expected: str | None) -> None:
        if expected is not None and not self._is_active(session, newest, expected):
            raise Superseded(expected, newest.version)

    def _is_active(self, session: Session, newest: activations.Pointer, version: str) -> bool:
        if version == newest.version:
            return True
        # If the active version is damaged, an earlier one answers, and was compared with.
        lineage = activations.lineage(session, newest)
        answering = first_sound(lineage, self.read)
        return version == (answering.card.version if answering else self._shipped())
