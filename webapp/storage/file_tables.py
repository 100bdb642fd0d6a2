"""The tables of what hosts would share a folder for: files of versions and runs, and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.tables import Base, UTCDateTime

PART_BYTES = 1 << 20
"""Content of a row at most. A row is fetched, sent or backed up at once; a file is not."""


def parts(file: BinaryIO) -> Iterator[bytes]:
    """The parts of a file; an empty one has one."""
    yield file.read(PART_BYTES)
    while content := file.read(PART_BYTES):
        yield content


class Version(Base):
    """A version of the default model. Its bundle is in `VersionFile`."""

    __tablename__ = "versions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    added: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class VersionFile(Base):
    """A part of a file of a version's bundle; parts are counted from 0."""

    __tablename__ = "version_files"

    version: Mapped[str] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class RunFile(Base):
    """A part of a file that a run is resumed from; parts are counted from 0."""

    __tablename__ = "run_files"

    run: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Secret(Base):
    """A secret that all processes share."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
