"""Fixtures of all tests: data sets if available, drawings, databases, an app and a client."""

from __future__ import annotations

import base64
import gc
import gzip
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from PIL import Image
from sqlalchemy import inspect

from trainer.data.datasets import synthetic
from trainer.data.samples import Split
from trainer.data.strokes.records import read_split
from trainer.paths import data_folder
from trainer.recognition.strokes import Strokes
from webapp.app import create_app
from webapp.settings import Settings
from webapp.storage.database import Database

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Let each process compute on one thread, as there is one for each core; keep templates."""
    gc.disable()  # until all tests are imported
    for name in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(name, "1")
    # Otherwise each app would compile the templates anew.
    folder = tempfile.TemporaryDirectory(prefix="inkling-templates-")
    config.add_cleanup(folder.cleanup)
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(folder.name)}
    os.environ["INKLING_RATE_LIMIT"] = "0"  # of servers that tests start; they ask a lot
    hypothesis.settings.register_profile("no deadline", deadline=None)  # the machine may be busy
    hypothesis.settings.load_profile("no deadline")


SLOW = {"browser", "dist", "mnist", "pen_strokes", "postgres", "server", "some_digits", "worker"}
"""Fixtures of a browser, a data set, a server or a build: too slow for each commit."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use such a fixture as `slow`, which `make check` deselects.

    The longest ones begin first, so that none is left over when all others have ended.

    So are those of a file that starts other processes. A test that runs on each kind of database
    names its kind in brackets.
    """
    for item in items:
        used = {*getattr(item, "fixturenames", ()), *re.split(r"[\[\]-]", item.name)}
        names = vars(item.module)  # type: ignore[attr-defined]
        if used & SLOW or names.keys() & {"Server", "subprocess"}:
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """From now on look for garbage among what tests make, and not in all that was imported.

    All generations every 100th time: that was a fifth of the time of the tests in one process.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 100)
    gc.enable()


def need(available: bool, reason: str) -> None:
    """Skip a test, for this reason, if something is missing; fail in CI, where nothing may be."""
    if available:
        return
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The data folder; skips the test if it does not contain MNIST."""
    folder = data_folder()
    here = (folder / "mnist" / "MNIST" / "raw" / "t10k-images-idx3-ubyte").exists()
    need(here, f"no MNIST in {folder / 'mnist'}; set INKLING_DATA to a folder that has it")
    return folder


@pytest.fixture(scope="session")
def pen_strokes() -> Path:
    """The data folder; skips the test if it does not contain people's pen strokes."""
    folder = data_folder()
    here = any((folder / "strokes").glob("digits-*.jsonl.gz"))
    need(here, f"no strokes in {folder / 'strokes'}; set INKLING_DATA to a folder that has them")
    return folder


@pytest.fixture(scope="session")
def few_strokes(mnist: Path, pen_strokes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with MNIST, and strokes with a few of the records of all writers."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "mnist").symlink_to((mnist / "mnist").resolve())
    (folder / "strokes").mkdir()
    for file in sorted((pen_strokes / "strokes").glob("*.jsonl.gz")):
        step = 25 if file.name.startswith("letters") else 8
        with (
            gzip.open(file) as lines,
            gzip.open(folder / "strokes" / file.name, "wb", compresslevel=1) as some,
        ):
            some.writelines(itertools.islice(lines, 0, None, step))
    return folder


@pytest.fixture(scope="session")
def drawings() -> dict[int, Strokes]:
    """One drawing of each digit by test writers, or synthetic ones if there are none."""
    folder = data_folder()
    found: dict[int, Strokes] = {}
    if any((folder / "strokes").glob("digits-*.jsonl.gz")):
        for record in read_split(folder, "digits", Split.TEST):
            found.setdefault(int(record.label), record.strokes)
        return found
    rng = np.random.default_rng(0)
    return {label: synthetic.synthetic_strokes(label, rng) for label in range(10)}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which all tests cache the rendered validation and test splits."""
    folder = tmp_path_factory.getbasetemp().parent / "rendered"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder with the socket of a PostgreSQL server for these tests."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    need(bool(programs), "no PostgreSQL on this machine (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="inkling-postgres-"))
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_user, programs[-1].with_name("pg_ctl"), "-D", folder / "data", "-w", "-s"]
    initialise = [programs[-1], "-D", folder / "data", "-U", "postgres", "-A", "trust", "-N"]
    subprocess.run([*as_user, *initialise], check=True, stdout=subprocess.DEVNULL, cwd="/")
    log = ["-l", folder / "log"]
    subprocess.run([*control, "-o", options, *log, "start"], check=True, cwd="/")
    yield folder
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd="/")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; tests that use it run on SQLite and PostgreSQL."""
    if request.param == "sqlite":
        return ""  # the default, SQLite
    return new_database(request.getfixturevalue("postgres"))


def new_database(folder: Path) -> str:
    """Create a database on the PostgreSQL server in this folder, and return its URL."""
    name = f"test_{uuid.uuid4().hex}"
    execute(folder, f"CREATE DATABASE {name}")
    return f"postgresql://postgres@/{name}?host={folder}"


def execute(folder: Path, *statements: str) -> None:
    """Execute statements, each by itself, on the PostgreSQL server in this folder."""
    import psycopg

    with psycopg.connect(host=str(folder), user="postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel: that of `make dist` in $DIST, or freshly built."""
    if built := os.environ.get("DIST"):
        return Path(built).resolve()
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


def build(folder: Path) -> None:
    """Build the sdist and, from it, the wheel, as `make dist` does."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, stdout=subprocess.DEVNULL)


MakeSettings = Callable[..., Settings]


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> MakeSettings:
    """Make settings of one installation, with changes given by name."""
    return partial(Settings, home=str(tmp_path), database_url=database_url, rate_limit=0)


def set_up(database: Database) -> None:
    """Upgrade a database; a new one begins as a copy, which is several times as fast."""
    scheme, _, place = database.url.partition(":///")
    if scheme == "sqlite" and not Path(place).exists():
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_bytes(_upgraded_file())
    if new := re.fullmatch(r"postgresql://postgres@/(test_\w+)\?host=(.+)", database.url):
        name, folder = new[1], Path(new[2])
        if not inspect(database.engine).get_table_names():
            database.engine.dispose()
            create = f"CREATE DATABASE {name} TEMPLATE {_upgraded_template(folder)}"
            execute(folder, f"DROP DATABASE {name} WITH (FORCE)", create)
    database.upgrade()


@cache
def _upgraded_template(folder: Path) -> str:
    url = new_database(folder)
    database = Database(url)
    database.upgrade()
    database.engine.dispose()
    return url.partition("@/")[2].partition("?")[0]


@cache
def _upgraded_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inkling.db"
        database = Database(f"sqlite:///{file}")
        database.upgrade()
        database.engine.dispose()
        return file.read_bytes()


@contextmanager
def installed(settings: Settings) -> Iterator[Flask]:
    """An app whose database is set up, until the block ends."""
    upgraded = Database(settings.database)  # as the command does, with time for a busy server
    set_up(upgraded)
    upgraded.engine.dispose()
    app = create_app(settings)
    yield app
    app.extensions["inkling"].database.engine.dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    database: Database = app.extensions["inkling"].database
    return database


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(home=str(tmp_path), rate_limit=0))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Encode a Pillow image or an array as a file: `encode(picture, "PNG", …)`."""

    def to_bytes(picture: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        file = io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    return to_bytes


@pytest.fixture(scope="session")
def seven() -> np.ndarray:
    """A plain 7, black on white: uint8 [140, 140]."""
    import cv2

    canvas = np.full((140, 140), 255, np.uint8)
    points = np.array([[35, 30], [100, 30], [65, 115]], np.int32)
    cv2.polylines(canvas, [points], False, 0, 9, cv2.LINE_AA)
    return canvas


@pytest.fixture
def body(seven: np.ndarray, encode: Encode) -> bytes:
    """The JSON body of a request to predict the 7."""
    image = "data:image/png;base64," + base64.b64encode(encode(seven)).decode()
    return json.dumps({"image": image}).encode()
