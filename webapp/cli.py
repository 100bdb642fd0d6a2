"""`inkling`: the app's own commands."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from werkzeug.security import generate_password_hash

from trainer.recognition.bundle import BundleError
from webapp.inference.versions import SHIPPED, Versions
from webapp.settings import Settings, SettingsError
from webapp.storage.backup import BackupError, back_up, restore
from webapp.storage.database import Database
from webapp.storage.drawings import expire

_COMMAND_LINE = "command line"


@click.group()
def main() -> None:
    """Serve the app that reads the digits people draw."""


@main.command(context_settings={"show_default": True})
@click.option("--host", envvar="HOST", default="127.0.0.1")
@click.option("--port", envvar="PORT", type=click.IntRange(0, 65535), default=8000)
def serve(host: str, port: int) -> None:
    """Serve with gunicorn, one process for each core."""
    settings, database = _installation()
    expire(database, settings.keep_days)
    environment = os.environ | {"HOST": host, "PORT": str(port)}
    if not (settings.admin_password or settings.admin_password_hash):
        password = environment["INKLING_ADMIN_PASSWORD"] = secrets.token_urlsafe(12)
        click.echo(
            f"Admin: http://{host}:{port}/admin/ with the password {password} until it stops "
            "(INKLING_ADMIN_PASSWORD_HASH sets one of your own)"
        )
    config = Path(__file__).with_name("gunicorn.conf.py")
    command = [sys.executable, "-m", "gunicorn", "--config", str(config)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter


@main.command()
def worker() -> None:
    """Retrain when somebody asks for it, in a process of its own, until it is stopped."""
    from webapp.retraining.worker import Worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("huey").setLevel(logging.WARNING)
    settings, database = _installation()
    Worker(settings, database).run()


@main.command()
@click.password_option()
def hash_password(password: str) -> None:
    """Print what INKLING_ADMIN_PASSWORD_HASH takes."""
    click.echo(generate_password_hash(password))


@main.group()
def db() -> None:
    """The database of corrections."""


@db.command("expire")
def expire_now() -> None:
    """Delete the drawings that are older than INKLING_KEEP_DAYS, as each start does."""
    settings, database = _installation()
    click.echo(f"{expire(database, settings.keep_days)} deleted")


@db.command()
def upgrade() -> None:
    """Bring its tables to their newest shape."""
    _, database = _installation()
    click.echo(f"{database.engine.url.render_as_string()} is up to date")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write all that is kept into one FILE: drawings, the log, the versions of the model."""
    settings, database = _installation()
    try:
        counts = back_up(database, Path(settings.home), file)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(_told(counts))


@main.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore_from(file: Path) -> None:
    """Put such a FILE into an installation that keeps nothing yet, whatever its database is."""
    settings, database = _installation()
    try:
        click.echo(_told(restore(database, Path(settings.home), file)))
    except BackupError as error:
        raise click.ClickException(str(error)) from error


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


@main.group()
def models() -> None:
    """The versions of the default model."""


@models.command("list")
def list_versions() -> None:
    """List the versions that are there, and which of them answers."""
    versions = _versions()
    active = versions.line()[0]
    for version in [*versions.names(), SHIPPED]:
        try:
            card = None if version == SHIPPED else versions.read(version).card
        except BundleError as error:
            click.echo(f"  {version}  refused: {error}")
            continue
        told = " ".join(f"{e.data} {e.accuracy:.2%}" for e in card.evaluations) if card else ""
        click.echo(f"{'*' if version == active else ' '} {version}  {told}".rstrip())


@models.command()
@click.argument("bundle", type=click.Path(path_type=Path))
def add(bundle: Path) -> None:
    """Copy a BUNDLE's folder among the versions, and print which one it is."""
    with _refusals():
        click.echo(_versions().add(bundle).card.version)


@models.command()
@click.argument("version")
def promote(version: str) -> None:
    """Let a VERSION answer, in every process within a second."""
    with _refusals():
        _versions().promote(version, _COMMAND_LINE)


@models.command()
def rollback() -> None:
    """Let the version answer again that the active one took over from, and print it."""
    with _refusals():
        click.echo(_versions().roll_back(_COMMAND_LINE))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except BundleError as error:
        raise click.ClickException(str(error)) from error


def _versions() -> Versions:
    settings, database = _installation()
    return Versions(database, Path(settings.home))


def _installation() -> tuple[Settings, Database]:
    settings = _settings()
    database = Database(settings.database)
    database.upgrade()
    return settings, database


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
