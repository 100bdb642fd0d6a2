"""The schema's revisions, applied by Alembic."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from webapp.storage.newer_schema import SchemaTooNew, obstacles

log = logging.getLogger(__name__)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Upgrade to a revision, by default the newest, within the connection's transaction.

    A schema that a newer release made is left as it is. Raises `SchemaTooNew` if this release
    cannot work with it.
    """
    at = MigrationContext.configure(connection).get_current_revision()
    if at is not None and at not in revisions():
        if found := obstacles(connection):
            raise SchemaTooNew(found)
        log.warning("a newer Inkling has upgraded the database, which still fits this one")
        return
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Go back to an earlier revision, within the connection's transaction."""
    command.downgrade(_config(connection), revision)


def revisions() -> list[str]:
    """All revisions that this version knows, the newest first."""
    script = ScriptDirectory(str(Path(__file__).parent))
    return [each.revision for each in script.walk_revisions()]


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
