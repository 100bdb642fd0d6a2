"""The commands of `inkling`."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from werkzeug.security import generate_password_hash

from trainer.recognition.bundle import BundleError
from webapp import logs
from webapp.inference.registry import shipped_version
from webapp.inference.versions import SHIPPED, Superseded, Versions
from webapp.secret import secret_key
from webapp.settings import (
    Settings,
    SettingsError,
    address_of,
    host_of,
    port_of,
    retired_settings,
)
from webapp.storage import full_disk, imports, network_disk, version_folders
from webapp.storage.backup import BackupError, back_up, restore
from webapp.storage.database import Database, DatabaseUnavailable
from webapp.storage.drawings import expire
from webapp.storage.newer_schema import SchemaTooNew

log = logging.getLogger(__name__)

_COMMAND_LINE = "command line"


class _Commands(click.Group):
    """A database that is not available ends every command with one line."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except DatabaseUnavailable as error:
            reason = logs.one_line(error)
            raise click.ClickException(f"the database is not available: {reason}") from error


@click.group(cls=_Commands)
def main() -> None:
    """Serve, administer and back up Inkling, the app that reads drawn digits."""


@main.command(context_settings={"show_default": True})
@click.option("--host", envvar="HOST", default="127.0.0.1")
@click.option("--port", envvar="PORT", default="8000")
def serve(host: str, port: str) -> None:
    """Serve with gunicorn, by default one process per core."""
    logs.configure(_settings().log)  # what is wrong before gunicorn starts is a part of the log
    host, number = _address(host, port)
    _require_address(host, number)
    settings, database = _installation()
    _clean_up(database, settings.keep_days)
    # glibc would give each thread memory of its own: 327 MB instead of 298 in two workers.
    environment = {"MALLOC_ARENA_MAX": "2"} | os.environ | {"HOST": host, "PORT": str(number)}
    # A process that starts later may find the database away.
    secret = secret_key(settings.secret_key, settings.home_folder, database)
    environment["INKLING_SECRET_KEY"] = secret
    if not (settings.admin_password or settings.admin_password_hash):
        password = environment["INKLING_ADMIN_PASSWORD"] = secrets.token_urlsafe(12)
        click.echo(
            f"Admin: http://{address_of(host, number)}/admin/ with the password {password} until "
            "it stops (set INKLING_ADMIN_PASSWORD_HASH for a permanent one)"
        )
    here = Path(__file__).parent.absolute()
    # With -P and without -m, whatever is in the working directory is not imported.
    command = [sys.executable, "-P", str(here / "master.py")]
    command += ["--config", str(here / "gunicorn.conf.py")]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter


def _address(host: str, port: str, lowest: int = 0) -> tuple[str, int]:
    try:
        return host_of(host), port_of(port, lowest)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _require_address(host: str, port: int) -> None:
    """Refuse what this host cannot listen at, but not a port in use, for which gunicorn waits."""
    where = f"HOST={host!r}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for number in (0, port):
            with socket.socket(found[0][0], socket.SOCK_STREAM) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((host, number))
            where = f"PORT={port}"
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) != errno.EADDRINUSE:
            reason = getattr(error, "strerror", None) or error
            raise click.ClickException(f"{where} cannot be served: {reason}") from error


def _clean_up(database: Database, keep_days: int) -> None:
    """Delete what is due. What the database does not take now is tried again by others later."""
    for action in (partial(imports.clear, database), partial(expire, database, keep_days)):
        try:
            action()
        except DatabaseUnavailable as error:
            log.error("cleaning up failed: %s", logs.one_line(error))


@main.command()
def worker() -> None:
    """Run the retraining worker until it is stopped."""
    from webapp.retraining.scratch import writable_home
    from webapp.retraining.worker import Worker

    logs.configure(_settings().log)
    settings, database = _installation()
    for line in (*retired_settings(), network_disk.warning(settings.database)):
        if line:
            log.warning(line)
    with writable_home(settings.home_folder) as home:
        Worker(settings, database, home).run()


@main.command(context_settings={"show_default": True})
@click.option("--host", envvar="HOST", default="127.0.0.1")
@click.option("--port", envvar="PORT", default="8000")
def doctor(host: str, port: str) -> None:
    """Check home, database, queue, clock, disk, model, torch and port; say what to mend."""
    from webapp.doctor import examine

    logs.configure("text")
    logging.disable(logging.ERROR)  # what is refused is told below, with what to do
    found = list(examine(_settings(), *_address(host, port, lowest=1)))
    for finding in found:
        click.echo(f"{finding.state:5}  {finding.part:9}  {finding.says}")
        if finding.mend:
            click.echo(f"{'':18}{finding.mend}")
    if any(finding.state == "wrong" for finding in found):
        sys.exit(1)


@main.command()
@click.password_option()
def hash_password(password: str) -> None:
    """Print the hash of a password for INKLING_ADMIN_PASSWORD_HASH."""
    click.echo(generate_password_hash(password))


@main.group()
def db() -> None:
    """Maintain the database."""


@db.command("expire")
def expire_now() -> None:
    """Delete drawings older than INKLING_KEEP_DAYS; `inkling serve` also does so when it starts."""
    settings, database = _installation()
    click.echo(f"{expire(database, settings.keep_days)} deleted")


@db.command()
def upgrade() -> None:
    """Upgrade the schema to the newest revision."""
    _, database = _installation()
    click.echo(f"{database.engine.url.render_as_string()} is up to date")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Back up drawings, runs, the audit log and model versions into one FILE."""
    settings = _settings()
    database = Database(settings.database)  # not upgraded: a backup changes nothing
    if not database.exists:
        raise click.ClickException(f"there is no database at {settings.database}")
    try:
        counts = back_up(database, settings.home_folder, file)
    except (OSError, BackupError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_listed(counts))


@main.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore_from(file: Path) -> None:
    """Restore a backup FILE into an empty installation, on SQLite or PostgreSQL."""
    settings = _settings()
    database = Database(settings.database)
    try:
        click.echo(_listed(restore(database, file)))
    except BackupError as error:
        raise click.ClickException(str(error)) from error


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


@main.group()
def models() -> None:
    """Manage the versions of the default model."""


@models.command("list")
def list_versions() -> None:
    """List the versions; an asterisk marks the active one."""
    versions = _versions()
    active = versions.pointer().version
    for version, card in [*versions.cards().items(), (SHIPPED, None)]:
        if isinstance(card, BundleError):
            click.echo(f"  {version}  refused: {card}")
            continue
        figures = " ".join(f"{e.data} {e.accuracy:.2%}" for e in card.evaluations) if card else ""
        click.echo(f"{'*' if version == active else ' '} {version}  {figures}".rstrip())


@models.command()
@click.argument("bundle", type=click.Path(path_type=Path))
def add(bundle: Path) -> None:
    """Add a BUNDLE (a folder) as a version, and print the version."""
    with _refusals():
        click.echo(_versions().add(bundle).card.version)


_EXPECTED = click.option(
    "--expected", metavar="VERSION", help="Refuse unless this version is the active one."
)


@models.command()
@click.argument("version")
@_EXPECTED
def promote(version: str, expected: str | None) -> None:
    """Activate a VERSION, in every process within a second."""
    with _refusals():
        _versions().promote(version, _COMMAND_LINE, expected)


@models.command()
@_EXPECTED
def rollback(expected: str | None) -> None:
    """Reactivate the version that the active one replaced, and print it."""
    with _refusals():
        click.echo(_versions().roll_back(_COMMAND_LINE, expected))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (BundleError, Superseded) as error:
        raise click.ClickException(str(error)) from error


def _versions() -> Versions:
    settings, database = _installation()
    return Versions(database, partial(shipped_version, settings))


def _installation() -> tuple[Settings, Database]:
    settings = _settings()
    database = Database(settings.database)
    try:
        full_disk.upgrade(database)
        _take_over(database, settings)
    except (DatabaseUnavailable, SchemaTooNew, OSError) as error:
        url = database.engine.url.render_as_string()
        raise click.ClickException(
            f"the database {url} cannot be opened: {logs.one_line(error)}"
        ) from error
    return settings, database


def _take_over(database: Database, settings: Settings) -> None:
    """Store the versions that a former release kept in folders; later, if that fails now."""
    try:
        version_folders.take_over(database, settings.home_folder)
    except DatabaseUnavailable as error:
        log.error("versions could not be taken over into the database: %s", logs.one_line(error))


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
