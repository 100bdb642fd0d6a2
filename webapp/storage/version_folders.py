"""Versions of former releases, which kept them as folders: of the home folder, and of backups."""

from __future__ import annotations

import logging
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from trainer.recognition.bundle import BUNDLE_FILES, BundleError, read_bundle_files
from webapp.storage import versions
from webapp.storage.database import Database

log = logging.getLogger(__name__)


def folders(home: Path) -> list[Path]:
    """The folders of versions; empty where there are none, or they cannot be listed."""
    try:
        return sorted(each for each in (home / "versions").iterdir() if _is_version(each.name))
    except OSError:
        return []


def take_over(database: Database, home: Path) -> None:
    """Store the versions of these folders that the database lacks, each as a whole.

    Several processes may do so at once, and each start does so again: former releases that run
    beside this one may have added more. The folders stay, for them, and are not needed after it.
    They are not checked, as the database's are whenever they are read.
    """
    found = folders(home)
    if not found:
        return
    with database.reading() as session:
        known = set(versions.ids(session))
    for folder in found:
        if folder.name in known:
            continue
        try:
            files = read_bundle_files(folder, versions.MAX_BYTES)
            added = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        except (BundleError, OSError) as error:
            log.error("a version could not be taken over into the database: %s", error)
            continue
        with database.writing() as session:
            if not versions.exists(session, folder.name):
                versions.put(session, folder.name, files, added)
        log.info("version %s was taken over into the database", folder.name)


def restore(archive: zipfile.ZipFile, connection: Connection) -> None:
    """Store the versions of a backup that the database lacks, in the connection's transaction.

    They are read one by one, and not checked. Raises `BundleError` if one is too large.
    """
    found: dict[str, list[zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        match path.parts:
            case ("versions", version, name) if _is_version(version) and name in BUNDLE_FILES:
                found.setdefault(version, []).append(info)
    for version, infos in found.items():
        if sum(info.file_size for info in infos) > versions.MAX_BYTES:
            raise BundleError(f"the version {version} in it is too large")
        files = {PurePosixPath(info.filename).name: archive.read(info) for info in infos}
        added = max(datetime(*info.date_time, tzinfo=UTC) for info in infos)
        with Session(connection, join_transaction_mode="rollback_only") as session:
            if not versions.exists(session, version):
                versions.put(session, version, files, added)
            session.commit()  # of the session alone


def _is_version(name: str) -> bool:
    """Whether a folder of that name may hold a version: they are named by a hash."""
    return re.fullmatch(r"[0-9a-f]{1,64}", name) is not None
