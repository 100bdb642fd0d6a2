"""The settings, read from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from webapp.logs import Kind

_PREFIX = "INKLING_"
_RETIRED = {"INKLING_QUEUE_URL": "the queue of retraining runs is a table of the database"}
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SettingsError(Exception):
    """An invalid setting; the message names the variable and what it accepts."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is set by a variable: `home` by `INKLING_HOME`, and so on."""

    home: str = "var"
    """Folder for everything the app stores; bundles in its `models/NAME` join the shipped ones."""

    model: Annotated[str, Meta(min_length=1)] = "inkling"
    """Name of the default model."""

    workers: Annotated[int, Meta(ge=1, le=256)] = _CORES
    """Number of serving processes; by default one per core."""

    drain_seconds: Annotated[int, Meta(ge=0, le=300)] = 0
    """Seconds to serve on after SIGTERM, while /readyz tells load balancers to go elsewhere."""

    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """Number of trusted reverse proxies in front of the app, for the client's IP address."""

    log: Kind = "text"
    """Format of the log: a line of text, or `json`, an object a line, for machines."""

    secret_key: str = ""
    """Key that signs sessions and predictions; by default a random one, stored in `home`."""

    database_url: str = ""
    """SQLAlchemy URL of the database; by default the SQLite file `inkling.db` in `home`."""

    admin_password: str = ""
    """The admin's password in plain text, for containers and trials."""

    admin_password_hash: str = ""
    """Hash of the admin's password, as printed by `inkling hash-password`; takes precedence."""

    admin_token: Annotated[str, Meta(pattern="^$|^.{16,}$")] = ""
    """Token for scripts: `Authorization: Bearer …`, at least 16 characters; empty for none."""

    corrections: bool = True
    """Whether visitors may correct predictions; their drawings are then stored."""

    corrections_per_day: Annotated[int, Meta(ge=1, le=100_000)] = 5_000
    """Limit of stored drawings per client address and day; a whole school may share an address."""

    corrections_per_visitor: Annotated[int, Meta(ge=1, le=100_000)] = 200
    """Limit of stored drawings per visitor and day."""

    rate_limit: Annotated[int, Meta(ge=0, le=1_000_000)] = 50
    """Requests a second of each client to each process, with bursts of ten times as many; 0 for no
    limit."""

    keep_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    """Days after which a stored drawing is deleted; 0 for never."""

    gate_margin: Annotated[float, Meta(ge=0, le=100)] = 0.25
    """Percentage points that a new version may lose on a test set and still be promoted."""

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
        """SQLAlchemy URL of the database, with the driver of the extra `postgres`."""
        url = self.database_url or f"sqlite:///{self.home_folder.absolute() / 'inkling.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def home_folder(self) -> Path:
        """`home` as a path, relative to the working directory unless it is absolute."""
        return Path(self.home)

    @property
    def models_folder(self) -> Path:
        """The folder of bundles that join the shipped ones."""
        return self.home_folder / "models"


def retired_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """One line for each variable that is set but no longer has an effect."""
    return [f"{name} is ignored: {why}" for name, why in _RETIRED.items() if environment.get(name)]
