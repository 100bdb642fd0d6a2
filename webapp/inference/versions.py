"""Versions of the default model: immutable bundles, and a pointer to the active one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session

from trainer.recognition.bundle import (
    CARD_FILE,
    Bundle,
    BundleError,
    Card,
    check_bundle,
    check_card,
    read_bundle_files,
    write_bundle_files,
)
from webapp.storage import activations, audit
from webapp.storage import versions as stored
from webapp.storage.activations import SHIPPED
from webapp.storage.database import Database
from webapp.storage.tables import now

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

    All of it is in the database, which hosts may share. The newest activation is the pointer. Each
    activation points to the one that it replaced, down to the shipped model. `shipped` returns the
    version in the shipped model's card.
    """

    def __init__(self, database: Database, shipped: Callable[[], str] = lambda: SHIPPED) -> None:
        self._database = database
        self._shipped = shipped

    def add(self, source: Path) -> Bundle:
        """Store a bundle as a version, unless it is there. Raises `BundleError` if it is invalid.

        It takes the place of one of that name that is damaged, and answers then if that one is
        active. The oldest versions that were never active are deleted beyond
        `webapp.storage.versions.KEPT`.
        """
        files = read_bundle_files(source, stored.MAX_BYTES)
        bundle = check_bundle(files, source)
        version = bundle.card.version
        with self._database.writing() as session:
            if not self._is_sound(session, version):
                stored.put(session, version, files, now())
                newest = activations.locked_pointer(session)
                if newest.version == version:  # processes try it once for each activation
                    activations.append(session, version, newest.before)
            pruned = stored.prune(session)
        for each in pruned:
            log.info("version %s was deleted, as %d newer ones wait", each, stored.KEPT)
        return bundle

    def read(self, version: str) -> Bundle:
        """The bundle of a version. Raises `BundleError` if there is none, or if it is invalid."""
        if not self._database.exists:
            raise BundleError(f"there is no version {version!r}")
        with self._database.reading() as session:
            return self._read(session, version)

    def write_to(self, folder: Path, version: str) -> Bundle:
        """Write the bundle of a version to a folder, and return it. Raises as `read` does."""
        with self._database.reading() as session:
            files = stored.files(session, version)
        bundle = _checked(version, files, folder)
        write_bundle_files(folder, files)
        return bundle

    def cards(self) -> dict[str, Card | BundleError]:
        """The card of each version, the newest first, or why the version cannot be used.

        The models themselves are not looked at, which is left to a promotion.
        """
        if not self._database.exists:
            return {}
        with self._database.reading() as session:
            versions, contents = stored.ids(session), stored.named(session, CARD_FILE)
        return {version: _card(version, contents.get(version, b"")) for version in versions}

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
        if not self._database.exists:
            return None
        with self._database.reading() as session:
            earlier = activations.replaced(session, activations.pointer(session))
        return earlier.version if earlier else None

    def promote(self, version: str, who: str, expected: str | None = None) -> None:
        """Activate a version; `who` is for the audit log.

        Raises `BundleError` if it is invalid, and `Superseded` as `activate` does.
        """
        if version != SHIPPED:
            self.read(version)
        with self._database.writing() as session:
            self.activate(session, version, who, expected)

    def activate(
        self, session: Session, version: str, who: str, expected: str | None = None
    ) -> None:
        """Activate a checked version, as a part of this writing transaction.

        Nothing changes if it is the active one: a rollback still leads to the one before.
        `expected` is the version that it was compared with, by its name or that of the bundle that
        answers for it. Raises `Superseded` if it is not the active one any more, and `BundleError`
        if the version was deleted meanwhile.
        """
        newest = activations.locked_pointer(session)
        self._expect(session, newest, expected)
        if version != SHIPPED and not stored.exists(session, version):
            raise _missing(version)
        if version == newest.version:
            return
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
            earlier = activations.replaced(session, newest)
            if earlier is None:
                raise BundleError(
                    f"there is no version before {newest.version}: nothing to roll back"
                )
            if earlier.version != SHIPPED:
                self._read(session, earlier.version)
            activations.append(session, earlier.version, earlier.before)
            audit.record(session, who, "rolled back", version=earlier.version)
        return earlier.version

    def is_active(self, version: str) -> bool:
        """Whether a version is the active one, by its name or that of the bundle that answers."""
        if not self._database.exists:
            return version in {SHIPPED, self._shipped()}
        with self._database.reading() as session:
            return self.is_active_in(session, version)

    def is_active_in(self, session: Session, version: str) -> bool:
        """The same in a transaction."""
        return self._is_active(session, activations.pointer(session), version)

    def _expect(self, session: Session, newest: activations.Pointer, expected: str | None) -> None:
        if expected is not None and not self._is_active(session, newest, expected):
            raise Superseded(expected, newest.version)

    def _is_active(self, session: Session, newest: activations.Pointer, version: str) -> bool:
        if version == newest.version:
            return True
        # If the active version is damaged, an earlier one answers, and was compared with.
        lineage = activations.lineage(session, newest)
        answering = first_sound(lineage, partial(self._read, session))
        return version == (answering.card.version if answering else self._shipped())

    def _read(self, session: Session, version: str) -> Bundle:
        return _checked(version, stored.files(session, version), Path(version))

    def _is_sound(self, session: Session, version: str) -> bool:
        try:
            self._read(session, version)
        except BundleError:
            return False
        return True


def _checked(version: str, files: Mapping[str, bytes], folder: Path) -> Bundle:
    if not files:
        raise _missing(version)
    bundle = check_bundle(files, folder)
    _check_name(version, bundle.card, folder)
    return bundle


def _card(version: str, content: bytes) -> Card | BundleError:
    try:
        card = check_card(content, Path(version))
        _check_name(version, card, Path(version))
    except BundleError as error:
        return error
    return card


def _check_name(version: str, card: Card, folder: Path) -> None:
    if card.version != version:
        raise BundleError(f"{folder}: its card names version {card.version}")


def _missing(version: str) -> BundleError:
    return BundleError(f"there is no version {version!r}")
