"""The settings, read from the environment."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from webapp.cores import available_cores
from webapp.logs import Kind

_PREFIX = "INKLING_"
_RETIRED = {"INKLING_QUEUE_URL": "the queue of retraining runs is a table of the database"}
_SECRET = {
    *("secret_key", "database_url", "admin_password", "admin_password_hash", "admin_token"),
    "class_tokens",
}
_FORM_OF_DATABASE = re.compile(
    r"(?P<driver>[\w+]+)://(?:.*@)?(?:\[[^\]/]+\]|[^/:?]*)(?::\d+)?(?:[/?].*)?"
)
_FILE_OF_SQLITE = re.compile(r"[^:]+:///(?!:memory:)[^?].*")  # in memory, each process has its own
_POSTGRESQL, _SQLITE = "postgresql+psycopg", {"sqlite", "sqlite+pysqlite"}
_FORM_OF_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_HIGHEST_PORT = 65_535
_MOST_WORKERS = 256
_LONGEST_PREFIX = 200
_MOST_ORIGINS = 32
_MOST_CLASSES = 50
_FEWEST_SECRET_CHARS = 16
_SECRET_OR_NONE = f"^$|^.{{{_FEWEST_SECRET_CHARS},}}$"
_FORM_OF_HASH = re.compile(  # of `werkzeug.security`, in all versions that are in use
    r"(?:scrypt(?::\d+:\d+:\d+)?|pbkdf2(?::\w+(?::\d+)?)?)\$[^\s$]+\$(?:[0-9a-f]{2}){20,}", re.ASCII
)
_TAKES = {
    "log": "text or json",
    "corrections": "1 or 0, or true or false",
    "secret_key": f"at least {_FEWEST_SECRET_CHARS} characters, as of `openssl rand -hex 32`",
    "admin_token": f"at least {_FEWEST_SECRET_CHARS} characters",
    "admin_password_hash": (
        "what `inkling hash-password` prints, whole: in single quotes, or else a shell or Docker "
        "Compose replaces what begins with $"
    ),
}
"""In words, where msgspec would say how it looks at a value."""
_FORM_OF_TOKEN = re.compile(r"\S{12,100}")
_FORM_OF_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", re.ASCII)
_FORM_OF_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?",
    re.ASCII,
)


class SettingsError(Exception):
    """An invalid setting; the message names the variable and what it accepts."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is set by a variable: `home` by `INKLING_HOME`, and so on."""

    home: str = "var"
    """This host's folder, for SQLite's file, the worker's runs and caches; it may be empty. Bundles
    in its `models/NAME` join the shipped ones."""

    model: Annotated[str, Meta(min_length=1)] = "inkling"
    """Name of the default model."""

    workers: Annotated[int, Meta(ge=1, le=_MOST_WORKERS)] = min(available_cores(), _MOST_WORKERS)
    """Number of serving processes; by default one for each core that may be used."""

    drain_seconds: Annotated[int, Meta(ge=0, le=300)] = 0
    """Seconds to serve on after SIGTERM, while /readyz tells load balancers to go elsewhere."""

    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """Number of trusted reverse proxies in front of the app, for the client's IP address."""

    prefix: str = ""
    """Path under which a proxy has the site, such as `/digits`; empty for the root of its domain,
    or for what a trusted proxy says in `X-Forwarded-Prefix`."""

    frame_ancestors: str = ""
    """Origins whose pages may embed the sheet (`/embed`); empty for none."""

    cors_origins: str = ""
    """Origins whose scripts may ask the API; empty for none."""

    log: Kind = "text"
    """Format of the log: a line of text, or `json`, an object a line, for machines."""

    secret_key: Annotated[str, Meta(pattern=_SECRET_OR_NONE)] = ""
    """Key that signs sessions and predictions, at least 16 characters; by default a random one,
    stored in `home`, or in the database where that is a server."""

    database_url: str = ""
    """SQLAlchemy URL of the database; by default the SQLite file `inkling.db` in `home`."""

    admin_password: str = ""
    """The admin's password in plain text, for containers and trials."""

    admin_password_hash: str = ""
    """Hash of the admin's password, as printed by `inkling hash-password`; takes precedence."""

    admin_token: Annotated[str, Meta(pattern=_SECRET_OR_NONE)] = ""
    """Token for scripts: `Authorization: Bearer …`, at least 16 characters; empty for none."""

    class_tokens: str = ""
    """Tokens of classes, which may train a small model on the learn page; empty for none."""

    corrections: bool = True
    """Whether visitors may correct predictions; their drawings are then stored."""

    corrections_per_day: Annotated[int, Meta(ge=1, le=100_000)] = 5_000
    """Limit of stored drawings per client address and day; a whole school may share an address."""

    corrections_per_visitor: Annotated[int, Meta(ge=1, le=100_000)] = 200
    """Limit of stored drawings per visitor and day."""

    rate_limit: Annotated[int, Meta(ge=0, le=1_000_000)] = 50
    """Requests a second of each client to each process, with bursts of ten times as many; 0 for no
    limit."""

    requests_at_once: Annotated[int, Meta(ge=1, le=100_000)] = 500
    """Requests that each process has under way; further ones get 503."""

    keep_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    """Days after which a stored drawing is deleted; 0 for never."""

    gate_margin: Annotated[float, Meta(ge=0, le=100)] = 0.25
    """Percentage points that a new version may lose on a test set and still be promoted."""

    def __post_init__(self) -> None:
        if self.prefix and not is_prefix(self.prefix):
            raise ValueError("a path such as /digits, without a slash at its end")
        tokens = self.classes
        if len(tokens) > _MOST_CLASSES or not all(map(_FORM_OF_TOKEN.fullmatch, tokens)):
            raise ValueError(
                f"at most {_MOST_CLASSES} tokens of 12 to 100 characters, with a space between them"
            )
        if self.database_url:
            _require_known_database(self.database)
        for origins in (self.frame_ancestors, self.cors_origins):
            if len(_listed(origins)) > _MOST_ORIGINS or not all(
                map(_FORM_OF_ORIGIN.fullmatch, _listed(origins))
            ):
                raise ValueError(
                    f"at most {_MOST_ORIGINS} origins such as https://example.org, with a space "
                    "between them, in lower case and without a path"
                )

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
                if field == "admin_password_hash" and not _FORM_OF_HASH.fullmatch(value):
                    raise msgspec.ValidationError
            except msgspec.ValidationError as error:
                told = str(error).partition(" - at ")[0].removeprefix("Expected ")
                reason = _TAKES.get(field, told)
                shown = "" if field in _SECRET else f"={value!r}"
                raise SettingsError(
                    f"{_PREFIX}{field.upper()}{shown} is wrong: it takes {reason}"
                ) from None
        return msgspec.convert(given, cls, strict=False)

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database, with the driver of the extra `postgres`."""
        url = self.database_url or f"sqlite:///{self.home_folder.absolute() / 'inkling.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @property
    def embedding_origins(self) -> tuple[str, ...]:
        """`frame_ancestors` as a list."""
        return _listed(self.frame_ancestors)

    @property
    def asking_origins(self) -> tuple[str, ...]:
        """`cors_origins` as a list."""
        return _listed(self.cors_origins)

    @property
    def classes(self) -> tuple[str, ...]:
        """`class_tokens` as a list."""
        return _listed(self.class_tokens)

    @property
    def home_folder(self) -> Path:
        """`home` as a path, relative to the working directory unless it is absolute."""
        return Path(self.home)

    @property
    def models_folder(self) -> Path:
        """The folder of bundles that join the shipped ones."""
        return self.home_folder / "models"


def host_of(text: str) -> str:
    """`HOST`: a name or an address, IPv6 also in brackets, which are removed.

    Raises `SettingsError`.
    """
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        if ":" in host:
            socket.inet_pton(socket.AF_INET6, host)
        elif host != text or not _FORM_OF_HOST.fullmatch(host):
            raise ValueError
    except (OSError, ValueError):
        raise SettingsError(
            f"HOST={text!r} is wrong: it takes a name or an address, such as 127.0.0.1 or ::"
        ) from None
    return host


def port_of(text: str, lowest: int = 0) -> int:
    """`PORT`. Raises `SettingsError`."""
    if text.isascii() and text.isdecimal() and lowest <= int(text[:6]) <= _HIGHEST_PORT:
        return int(text[:6])
    raise SettingsError(
        f"PORT={text!r} is wrong: it takes a number from {lowest} to {_HIGHEST_PORT}"
    )


def address_of(host: str, port: int) -> str:
    """Both, as in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_prefix(path: str) -> bool:
    """Whether a path can precede all of the app's own: absolute, plain, bounded in length."""
    return len(path) <= _LONGEST_PREFIX and bool(_FORM_OF_PREFIX.fullmatch(path))


def _require_known_database(url: str) -> None:
    """Raise `ValueError` for a URL that cannot be read, or of a database that nothing here asks."""
    # Not by SQLAlchemy, which would stay in the memory of gunicorn's master.
    form = _FORM_OF_DATABASE.fullmatch(url)
    driver = form["driver"] if form else ""
    if driver not in {_POSTGRESQL, *_SQLITE}:
        raise ValueError(
            "postgresql://USER:PASSWORD@HOST/NAME, or none for SQLite; in the password, `@` and "
            "`%` as %40 and %25"
        )
    if driver in _SQLITE and not _FILE_OF_SQLITE.fullmatch(url):
        raise ValueError("the file of SQLite too, as in sqlite:////srv/inkling.db")
    if driver == _POSTGRESQL and not find_spec("psycopg"):
        raise ValueError("the driver of PostgreSQL: pip install 'inkling[postgres]'")


def _listed(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.split()))


def retired_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """One line for each variable that is set but no longer has an effect."""
    return [f"{name} is ignored: {why}" for name, why in _RETIRED.items() if environment.get(name)]
