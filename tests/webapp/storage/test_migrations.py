"""A database made by an earlier version is upgraded with all its rows."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import MetaData, insert, inspect, select

from webapp.retraining.gate import Verdict
from webapp.retraining.progress import loaded
from webapp.storage.database import Database
from webapp.storage.migrations import downgrade, migrate
from webapp.storage.tables import Drawing, Run, RunStatus

THEN = datetime(2026, 1, 1, tzinfo=UTC)
DRAWING = {
    "id": "d", "created": THEN, "visitor": "v", "picture": b"png", "seen": b"png",
    "fingerprint": "f", "strokes": [[[1, 2]]], "label": "7", "told": "1", "state": "accepted",
    "reviewed": THEN, "held_back": True, "digit": 7, "confidence": 0.5, "is_digit": True,
    "probabilities": [0.1] * 10, "model": "inkling", "version": "x",
}  # fmt: skip
ROW = {("visitor_label" if key == "told" else key): value for key, value in DRAWING.items()}
"""The drawing as the newest revision has it."""

VERDICT = {
    "before": "a", "after": "b", "rows": [], "missing": [], "margin": 0.25, "worse": [],
    "judged_by": "overall", "gain": 1.0, "reason": "better", "by_itself": True,
}  # fmt: skip
RUN = {
    "id": "done", "created": THEN, "who": "test", "wishes": {"start": "current", "epochs": 2},
    "state": "done", "slot": None, "worker": "w", "started": THEN, "ended": THEN,
    "heartbeat": THEN, "cancelling": False, "log": "", "error": "", "version": "b",
    "progress": {"stage": "ended", "lacked": ["mnist"], "soft_targets": True},
    "verdict": VERDICT,
}  # fmt: skip
QUEUED = RUN | {"id": "queued", "state": "queued", "progress": {}, "verdict": None}


def at_0004(url: str) -> Database:
    """A database of the revision before the columns were renamed, with rows in it."""
    database = Database(url)
    with database.migrating() as connection:
        migrate(connection, "0004")
        schema = MetaData()
        schema.reflect(connection)
        connection.execute(insert(schema.tables["drawings"]), [DRAWING])
        connection.execute(insert(schema.tables["runs"]), [RUN, QUEUED])
    return database


def test_columns_and_json_keys_are_renamed_without_loss(settings):
    database = at_0004(settings().database)
    database.upgrade()
    with database.reading() as session:
        drawing = session.scalars(select(Drawing)).one()
        done, queued = session.scalars(select(Run).order_by(Run.id))
    assert (drawing.visitor_label, drawing.label, drawing.picture) == ("1", "7", b"png")
    assert done.options == {"start": "current", "epochs": 2}
    assert (done.state, queued.state) == (RunStatus.DONE, RunStatus.QUEUED)
    progress = loaded(done.progress)
    assert (progress.missing, progress.distillation) == (["mnist"], True)
    assert set(done.verdict) <= set(Verdict.__struct_fields__)
    assert msgspec.convert(done.verdict, Verdict).decision == "promoted"
    assert (drawing.origin, drawing.votes, drawing.is_disputed) == ("v", None, False)
    assert (queued.progress, queued.verdict) == ({}, None)
    unique = inspect(database.engine).get_unique_constraints("drawings")
    assert [each["column_names"] for each in unique] == [["fingerprint"]]


def test_a_downgrade_restores_the_old_names(settings):
    database = at_0004(settings().database)
    database.upgrade()
    with database.migrating() as connection:
        downgrade(connection, "0004")
        schema = MetaData()
        schema.reflect(connection)
        runs = connection.execute(select(schema.tables["runs"])).mappings().all()
    rows = {run["id"]: dict(run) for run in runs}
    assert rows["done"]["wishes"] == RUN["wishes"]
    assert rows["done"]["progress"] == RUN["progress"]
    assert rows["done"]["verdict"] == VERDICT
