"""What an installation lacks: each check looks at one thing, and says what to mend.

The checks change nothing that is there: no schema is upgraded, no run marked as lost.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from trainer.recognition.bundle import BundleError
from webapp.inference.registry import Models, shipped_version
from webapp.inference.versions import SHIPPED, Versions
from webapp.logs import one_line
from webapp.settings import Settings, address_of
from webapp.storage import network_disk
from webapp.storage.database import Database
from webapp.storage.liveness import is_silent
from webapp.storage.newer_schema import obstacles
from webapp.storage.tables import Drawing, Run, RunStatus, now

State = Literal["ok", "note", "wrong"]

_PATIENCE = 5.0  # seconds for the database, and for whoever listens at the port
_WAITS = timedelta(minutes=1)
"""After which a run should have been claimed: workers look twice a second."""
_CLOCKS_DIFFER = timedelta(seconds=5)
"""Workers count as lost after 15 seconds of silence, by the clocks of two machines."""
_LITTLE, _TOO_LITTLE = 1 << 30, 100 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in a sentence; and what to do where that is not in order."""

    part: str
    state: State
    says: str
    mend: str = ""


def examine(settings: Settings, host: str, port: int) -> Iterator[Finding]:
    """Check everything; `host` and `port` are where the site serves, or would."""
    database = Database(settings.database, _PATIENCE)
    yield _home(settings)
    found = _schema(database, settings)
    yield found
    if found.state == "ok":
        yield from _of_database(database, _queue, _clock)
    yield from _disk(settings)
    yield _model(settings, database if found.state == "ok" else None)
    yield _torch()
    yield _port(host, port)


def _home(settings: Settings) -> Finding:
    home = settings.home_folder.absolute()
    there = home if os.path.lexists(home) else _nearest(home)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        mend = f"let this user write to {there}, or name another folder in INKLING_HOME"
        return Finding("home", "wrong", f"{home} cannot be written: {error.strerror}", mend)
    if warning := network_disk.warning(settings.database):
        says, _, mend = warning.partition(": ")
        return Finding("home", "wrong", says, mend)
    return Finding("home", "ok", str(home))


def _schema(database: Database, settings: Settings) -> Finding:
    from webapp.storage.migrations import revisions

    url = settings.database
    if settings.database_url:  # without the password
        url = database.engine.url.render_as_string()
    try:
        if not database.exists:
            return Finding(
                "database", "note", f"{url} is not there yet", "`inkling serve` makes it"
            )
        at = _revision(database)
        known = revisions()
        if at == known[0]:
            database.check()
    except SQLAlchemyError as error:
        mend = "start its server, mend the URL, or do as it says"
        if database.is_local:
            mend = "make room, permit writing, or restore a backup"
        return Finding("database", "wrong", f"{url}: {one_line(error)}", mend)
    except OSError as error:
        mend = "let this user enter the folders above it"
        return Finding("database", "wrong", f"{url}: {error.strerror}", mend)
    if at == known[0]:
        return Finding("database", "ok", url)
    if at and at not in known:
        with database.reading() as session:
            found = obstacles(session.connection())
        if not found:
            says = f"{url} was upgraded by a newer Inkling, and still fits this one"
            return Finding("database", "note", says, "update this host too")
        says = f"{url} was made by a newer Inkling: {', '.join(found)}"
        mend = "install that, or restore a backup"
    else:
        says, mend = f"{url} has an older schema", "run `inkling db upgrade`"
    return Finding("database", "wrong", says, mend)


def _revision(database: Database) -> str | None:
    """The revision of the schema; None where there are no tables."""
    with database.reading() as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return None
        return session.scalar(text("SELECT version_num FROM alembic_version"))


def _of_database(database: Database, *checks: Callable[[Database], Finding]) -> Iterator[Finding]:
    for check in checks:
        try:
            yield check(database)
        except SQLAlchemyError as error:
            mend = "restore a backup (README, Back up)"
            yield Finding(check.__name__.strip("_"), "wrong", one_line(error), mend)


def _queue(database: Database) -> Finding:
    with database.reading() as session:
        waiting = session.scalars(select(Run.created).where(Run.state == RunStatus.QUEUED)).all()
        running = Run.state == RunStatus.RUNNING
        silent = session.scalar(select(func.count()).where(running & is_silent(Run)))
        at_work = session.scalar(select(func.count()).where(running & ~is_silent(Run)))
    says = f"{len(waiting)} waiting, {at_work} running"
    if silent:
        says += f", {silent} whose worker is silent"
        return Finding("queue", "wrong", says, "start `inkling worker`, then resume them")
    if not at_work and any(now() - since > _WAITS for since in waiting):
        return Finding("queue", "wrong", f"{says}: no worker takes them", "start `inkling worker`")
    return Finding("queue", "ok", says)


def _clock(database: Database) -> Finding:
    with database.reading() as session:
        if database.is_local:  # no other clock to ask; but nothing can have been stored later
            times = [session.scalar(select(func.max(each.created))) for each in (Drawing, Run)]
            latest = max((each for each in times if each), default=now())
            off = max(latest - now(), timedelta())
        else:
            theirs: datetime | None = session.scalar(select(func.clock_timestamp()))
            off = abs((theirs or now()) - now())
    if off > _CLOCKS_DIFFER:
        says = f"differs from the database's by {off.total_seconds():.0f} s"
        return Finding("clock", "wrong", says, "synchronize the clocks of all hosts, as by NTP")
    return Finding("clock", "ok", now().isoformat(timespec="seconds"))


def _disk(settings: Settings) -> Iterator[Finding]:
    places = {"disk": settings.home_folder.absolute(), "temporary": Path(tempfile.gettempdir())}
    for part, place in places.items():
        there = _nearest(place)
        free = shutil.disk_usage(there).free
        state: State = "wrong" if free < _TOO_LITTLE else "note" if free < _LITTLE else "ok"
        mend = "" if state == "ok" else f"make room in {there}, or move it"
        yield Finding(part, state, f"{free >> 20} MiB free in {there}", mend)


def _model(settings: Settings, database: Database | None) -> Finding:
    versions = Versions(database, partial(shipped_version, settings)) if database else None
    mend = "set INKLING_MODEL to a bundle that is there"
    try:
        active = Models(settings).get().card.version
        if versions and (promoted := versions.pointer().version) != SHIPPED:
            mend = "run `inkling models rollback`, or add the version again"
            active = versions.read(promoted).card.version
    except OSError as error:
        mend = f"let this user read {settings.models_folder}"
        return Finding("model", "wrong", one_line(error), mend)
    except BundleError as error:
        return Finding("model", "wrong", one_line(error), mend)
    return Finding("model", "ok", f"{settings.model}, version {active}")


def _torch() -> Finding:
    if importlib.util.find_spec("torch"):
        return Finding("torch", "ok", "installed, for the worker")
    mend = "pip install 'inkling[train]' where the worker runs"
    return Finding("torch", "note", "not installed: this host cannot retrain", mend)


def _port(host: str, port: int) -> Finding:
    where = address_of(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
        else:
            return Finding("port", "ok", f"{where} is free")
    if _is_inkling(host, port):
        return Finding("port", "ok", f"Inkling answers at {where}")
    mend = "stop what uses it, or set HOST and PORT"
    return Finding("port", "wrong", f"{where} cannot be served: {reason}", mend)


def _is_inkling(host: str, port: int) -> bool:
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        url = f"http://{address_of(name, port)}/healthz"
        with urllib.request.urlopen(url, timeout=_PATIENCE) as response:
            return bool(json.loads(response.read(1000)) == {"status": "ok"})
    except (OSError, ValueError):
        return False


def _nearest(place: Path) -> Path:
    """The folder itself, or else the nearest one above it that is there, as this user sees it."""
    return next(each for each in (place, *place.parents) if os.path.isdir(each))
