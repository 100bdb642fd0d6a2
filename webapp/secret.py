"""The secret key that signs sessions and predictions, shared by all processes of all hosts."""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from webapp.logs import one_line
from webapp.storage.database import Database
from webapp.storage.file_tables import Secret

log = logging.getLogger(__name__)

_NAME = "key"
_UNAVAILABLE = (OSError, SQLAlchemyError)


def secret_key(given: str, home: Path, database: Database) -> str:
    """The given key, else one that the first process chooses and stores.

    With SQLite it is in a file of the home folder, which its owner alone can read; in the database
    if there can be no file. With a server, which hosts share, it is in the database, and the file
    is for the time when that is away. A file of a former release is what the first host chooses.
    """
    if given:
        return given
    file = home / "secret_key"
    if not database.is_local:
        try:
            return _in_database(database, file)
        except _UNAVAILABLE as error:
            log.warning("the secret key that hosts share cannot be read: %s", _line(error))
    try:
        return _in_file(file)
    except OSError as error:
        reason = _line(error)
    if database.is_local and database.exists:
        try:
            return _in_database(database, file)
        except _UNAVAILABLE as error:
            reason = _line(error)
    log.warning("the secret key cannot be stored: %s; sessions end with the process", reason)
    return secrets.token_hex(32)


def _in_database(database: Database, file: Path) -> str:
    """The key in the database, and from now on in this file.

    Raises `OSError`, and `SQLAlchemyError` if the database is not available, or its schema is of a
    former release.
    """
    own = file.read_text() if file.exists() else ""
    key = _shared(database, own or secrets.token_hex(32))
    if key != own:
        with suppress(OSError), _written_beside(file, key) as part:
            os.replace(part, file)
    return key


def _shared(database: Database, proposed: str) -> str:
    """The key in the database, which the first process to ask sets to what it proposes."""
    with database.reading() as session:
        if found := session.get(Secret, _NAME):
            return found.value
    with database.writing() as session:
        try:
            with session.begin_nested():
                session.add(Secret(name=_NAME, value=proposed))
        except IntegrityError:  # another process was first
            return session.get_one(Secret, _NAME).value
    return proposed


def _in_file(file: Path) -> str:
    """The key in this file, which the first process creates. Raises `OSError`."""
    if not file.exists():
        with _written_beside(file, secrets.token_hex(32)) as part, suppress(FileExistsError):
            os.link(part, file)  # unless another process was first
    return file.read_text()


@contextmanager
def _written_beside(file: Path, secret: str) -> Iterator[Path]:
    """A temporary file with the secret in the same folder, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as part:
            part.write(secret)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _line(error: Exception) -> str:
    return one_line(getattr(error, "orig", None) or error)
