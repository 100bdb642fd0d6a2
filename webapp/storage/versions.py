"""The bundles of versions, in tables: whole or not at all, in parts of bounded size.

What is stored was checked by whoever stored it, and is checked again by whoever reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.storage import shadows
from webapp.storage.activations import locked_pointer
from webapp.storage.file_tables import Version, VersionFile, parts
from webapp.storage.tables import Activation

MAX_BYTES = 100 << 20
"""Of all files of a version together; those of Inkling's own architectures have 0.2 to 3 MB."""

KEPT = 100
"""Versions that were never active are deleted, the oldest first, beyond this many."""

_NEWEST_FIRST = (Version.added.desc(), Version.id)


def put(session: Session, version: str, files: Mapping[str, bytes], added: datetime) -> None:
    """Store a version's files, content by name, in place of those that may be there.

    Does nothing if another process is just storing the same version.
    """
    remove(session, version)
    try:
        with session.begin_nested():
            session.add(Version(id=version, added=added))
    except IntegrityError:
        return
    for name, content in files.items():
        for part, piece in enumerate(parts(BytesIO(content))):
            session.add(VersionFile(version=version, name=name, part=part, content=piece))
        session.flush()
        session.expunge_all()  # each part is in memory once


def files(session: Session, version: str) -> dict[str, bytes]:
    """A version's files, content by name; empty if there is no such version."""
    columns = select(VersionFile.name, VersionFile.content)
    return _joined(session, columns.where(VersionFile.version == version), at_once=1)


def named(session: Session, name: str) -> dict[str, bytes]:
    """The content of the files of that name, by their version."""
    columns = select(VersionFile.version, VersionFile.content)
    return _joined(session, columns.where(VersionFile.name == name), at_once=16)


def ids(session: Session) -> list[str]:
    """All versions, the newest first."""
    return list(session.scalars(select(Version.id).order_by(*_NEWEST_FIRST)))


def exists(session: Session, version: str) -> bool:
    """Whether there is a version of that name, whatever its files are like."""
    return session.get(Version, version) is not None


def remove(session: Session, *versions: str) -> None:
    """Delete these versions, as far as they are there."""
    there = select(Version.id).where(Version.id.in_(versions)).with_for_update()
    locked = session.scalars(there).all()  # not one that another process stores from here on
    session.execute(delete(VersionFile).where(VersionFile.version.in_(locked)))
    session.execute(delete(Version).where(Version.id.in_(locked)))


def prune(session: Session) -> list[str]:
    """Delete the oldest versions that were never active beyond `KEPT`, and return them.

    The one in the shadow stays. Nobody can activate one of them meanwhile, or let it answer in the
    shadow, as that needs the same lock.
    """
    never = select(Version.id).where(Version.id.not_in(select(Activation.version)))
    if not session.scalars(never.offset(KEPT).limit(1)).all():
        return []
    locked_pointer(session)
    shadow = shadows.on(session)
    found = session.scalars(never.order_by(*_NEWEST_FIRST).offset(KEPT)).all()
    surplus = [each for each in found if not (shadow and each == shadow.version)]
    remove(session, *surplus)
    return surplus


def _joined(session: Session, those: Select[str, bytes], at_once: int) -> dict[str, bytes]:
    """The content of files, whose parts are fetched so many at once: each fetch may take long."""
    ordered = those.order_by(VersionFile.version, VersionFile.name, VersionFile.part)
    found: defaultdict[str, bytearray] = defaultdict(bytearray)
    for key, content in session.execute(ordered.execution_options(yield_per=at_once)):
        found[key] += content
    return {key: bytes(content) for key, content in found.items()}
