"""Every setting, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

_PREFIX = "INKLING_"
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SettingsError(Exception):
    """A setting with a wrong value; the message names the variable and what it takes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`INKLING_HOME` sets `home`, and so on."""

    home: str = "var"
    """Folder for what the app keeps; bundles in `models/NAME` under it join those that came."""

    model: Annotated[str, Meta(min_length=1)] = "inkling"
    """Name of the model that answers when none is asked for."""

    workers: Annotated[int, Meta(ge=1, le=256)] = _CORES
    """Processes that serve; by default one for each core."""

    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """How many reverse proxies stand in front and may be believed about the client's address."""

    secret_key: str = ""
    """What sessions and answers are signed with; by default a random one, kept in `home`."""

    database_url: str = ""
    """SQLAlchemy's URL of the database; by default SQLite's file `inkling.db` in `home`."""

    admin_password: str = ""
    """The admin's password in plain, for containers and trials."""

    admin_password_hash: str = ""
    """The same as `inkling hash-password` prints it; it comes before the plain one."""

    admin_token: Annotated[str, Meta(pattern="^$|^.{16,}$")] = ""
    """What scripts send as `Authorization: Bearer …`; at least 16 characters. Empty for none."""

    corrections: bool = True
    """Whether people may say what was right, and their drawings are kept."""

    corrections_per_day: Annotated[int, Meta(ge=1)] = 200
    """How many drawings of one client are kept in a day."""

    keep_days: Annotated[int, Meta(ge=0)] = 0
    """Days after which a kept drawing is deleted; 0 for never."""

    queue_url: str = ""
    """URL of Redis or PostgreSQL, by which sites and workers wake each other; by default the
    database where that is PostgreSQL, else SQLite's file `queue.db` in `home`."""

    gate_margin: Annotated[float, Meta(ge=0, le=100)] = 0.25
    """Percentage points that a new version may lose on a set and still take over by itself."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read `INKLING_*`; an empty value counts as unset. Raises `SettingsError`."""
        given = {
            field: environment[_PREFIX + field.upper()]
            for field in cls.__struct_fields__
            if environment.get(_PREFIX + field.upper())
        }
        for field, value in given.items():
            try:
                msgspec.convert({field: value}, cls, strict=False)
            except msgspec.ValidationError as error:
                reason = str(error).partition(" - at ")[0].removeprefix("Expected ")
                raise SettingsError(
                    f"{_PREFIX}{field.upper()}={value!r} is wrong: it takes {reason}"
                ) from None
        return msgspec.convert(given, cls, strict=False)

    @property
    def database(self) -> str:
        """SQLAlchemy's URL, that of PostgreSQL with the driver that we install."""
        url = self.database_url or f"sqlite:///{Path(self.home).absolute() / 'inkling.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def queue(self) -> str:
        """The URL of the queue; empty for SQLite's file."""
        shared = "" if self.database.startswith("sqlite") else self.database
        return self.queue_url or shared

    @property
    def models_folder(self) -> Path:
        return Path(self.home) / "models"
