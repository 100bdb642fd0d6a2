"""The file of corrections: written by the web app, read by the trainer."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from random import random

import pytest
from sqlalchemy import insert

from tests.webapp.storage.test_migrations import ROW, THEN
from trainer.data.datasets.corrections import Corrected, read
from trainer.recognition.image import as_png
from webapp.storage.database import Database
from webapp.storage.drawings import accepted, delete_all
from webapp.storage.exports import pictures_file, strokes_file, write_corrections
from webapp.storage.tables import Drawing


def drawing(picture: bytes, label: str, held_back: bool, strokes=None) -> Drawing:
    return Drawing(label=label, picture=picture, strokes=strokes, held_back=held_back)


def test_the_trainer_reads_the_corrections_that_the_web_app_writes(seven, tmp_path):
    png = as_png(seven)
    strokes = [[[1.0, 2.0, 0.5], [3.0, 4.0]]]
    drawings = [drawing(png, "7", False, strokes), drawing(png, "not_a_digit", True)]
    assert write_corrections(tmp_path / "c", iter(drawings))
    assert read(tmp_path / "c") == [
        Corrected(label="7", picture=png, strokes=strokes, held_back=False),
        Corrected(label="not_a_digit", picture=png, strokes=None, held_back=True),
    ]


def test_held_back_drawings_are_written_but_not_trained_on(seven, tmp_path):
    assert not write_corrections(tmp_path / "c", [drawing(as_png(seven), "7", True)])
    assert len(read(tmp_path / "c")) == 1


def test_without_drawings_no_file_is_written(tmp_path):
    assert not write_corrections(tmp_path / "c", [])
    assert not (tmp_path / "c").exists()


@pytest.fixture
def many(settings) -> Database:
    """More accepted drawings than are fetched at once, many of one moment."""
    database = Database(settings().database)
    database.upgrade()
    with database.writing() as session:
        for start in range(0, 250, 50):
            moment = {"created": THEN + timedelta(seconds=start // 100), "picture": bytes(5_000)}
            rows = [dict.fromkeys(("id", "fingerprint"), f"{start + n:03}") for n in range(50)]
            session.execute(insert(Drawing), [ROW | moment | each for each in rows])
    return database


def test_accepted_drawings_are_fetched_once_each_and_oldest_first(many):
    assert [each.id for each in accepted(many)] == [f"{n:03}" for n in range(250)]


@pytest.mark.parametrize("write", [pictures_file, strokes_file])
def test_an_export_starts_before_all_drawings_are_read_and_holds_no_connection(many, write):
    """Counted: how many drawings were taken when the first chunk came, and open connections."""
    taken = 0

    def counted() -> Iterator[Drawing]:
        nonlocal taken
        for each in accepted(many):
            taken += 1
            each.strokes = [[[random(), random()]] * 9] if write is pictures_file else noise()
            yield each

    def noise() -> list[list[list[float]]]:
        return [[[random(), random()] for _ in range(200)]]

    chunks = write(counted())
    assert len(next(chunks)) >= 1 << 10
    assert 0 < taken < 250
    assert many.engine.pool.checkedout() == 0
    chunks.close()  # the client has gone away


def test_an_export_that_fails_never_looks_whole(many):
    def failing() -> Iterator[Drawing]:
        for number, each in enumerate(accepted(many)):
            if number == 200:
                raise OSError("the database went away")
            yield each

    for write, opened in ((pictures_file, zipfile.ZipFile), (strokes_file, read_gzip)):
        sent = []
        with pytest.raises(OSError, match="went away"):
            sent.extend(write(failing()))
        with pytest.raises((zipfile.BadZipFile, EOFError)):
            opened(io.BytesIO(b"".join(sent)))


def read_gzip(file: io.BytesIO) -> bytes:
    content = gzip.GzipFile(fileobj=file).read()
    if not content:
        raise EOFError
    return content


def test_deleted_drawings_do_not_stop_an_export(many):
    drawings = accepted(many)
    next(drawings)
    with many.writing() as session:
        delete_all(session)
    assert len(list(drawings)) < 250
