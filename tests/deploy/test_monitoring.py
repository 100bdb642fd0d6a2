"""The dashboard and the alert rules ask for what the app counts."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from tests.conftest import ROOT, installed
from webapp.retraining import lessons
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.runs import enqueue
from webapp.settings import Settings
from webapp.storage import imports
from webapp.storage.lessons import Lesson
from webapp.storage.liveness import LOST_AFTER
from webapp.storage.tables import AuditEntry, Import, Run, now

FOLDER = ROOT / "deploy" / "prometheus"
SELECTOR = re.compile(r"(inkling_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def expressions() -> Iterator[str]:
    dashboard = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


@pytest.fixture(scope="module")
def labels(tmp_path_factory, seven, encode) -> dict[str, set[str]]:
    """The labels of each metric of a site that has answered, by its name."""
    with installed(Settings(home=str(tmp_path_factory.mktemp("home")))) as app:
        client = app.test_client()
        client.post("/api/v1/predict", data=encode(seven), content_type="image/png")
        with app.extensions["inkling"].database.writing() as session:
            enqueue(session, RetrainingOptions(), "somebody")
        text = client.get("/metrics").text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    assert 'inkling_runs{state="queued"} 1.0' in text
    assert 'inkling_runs{state="failed"} 0.0' in text
    return found


def test_every_metric_and_label_is_there(labels):
    asked = [match for each in expressions() for match in SELECTOR.findall(each)]
    assert len(asked) > 20
    for name, matchers in asked:
        assert name in labels
        assert {label for label, _value in MATCHER.findall(matchers)} <= labels[name] | {"job"}


def test_the_operations_page_calls_the_job_as_the_rules_do():
    page = (ROOT / "docs" / "operations.md").read_text()
    config = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    [job] = config["scrape_configs"]
    assert set(re.findall(r'job="(\w+)"', " ".join(expressions()))) == {job["job_name"]}


def test_what_lost_its_worker_is_told_as_lost_though_nobody_looks_at_a_page(client, database):
    """It is marked once; runs, lessons and imports."""
    database.upgrade()
    kinds: tuple[type[Run | Lesson | Import], ...] = (Run, Lesson, Import)
    with database.writing() as session:
        enqueue(session, RetrainingOptions(), "somebody")
        lessons.enqueue(session, "class", "somebody", "none")
    imports.add(database, "somebody", "drawings.zip")
    silent = now() - LOST_AFTER - timedelta(seconds=1)
    with database.writing() as session:
        for kind in kinds:
            session.execute(update(kind).values(state="running", heartbeat=silent))
    for _ in range(2):
        assert 'inkling_runs{state="lost"} 1.0' in client.get("/metrics").text
    with database.reading() as session:
        for kind in kinds:
            assert session.scalars(select(kind.state)).all() == ["lost"]
        whats = session.scalars(select(AuditEntry.what)).all()
        assert whats.count("run lost") == 1


def test_metrics_are_told_while_the_database_cannot_be_written(client, app, database):
    database.upgrade()
    with database.writing() as session:
        enqueue(session, RetrainingOptions(), "somebody")
    silent = now() - LOST_AFTER - timedelta(seconds=1)
    with database.writing() as session:
        session.execute(update(Run).values(state="running", heartbeat=silent))
    with sqlite3.connect(Path(app.extensions["inkling"].settings.home) / "inkling.db") as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        answer = client.get("/metrics")
        took = time.monotonic() - started
        other.rollback()
    assert 'inkling_runs{state="running"} 1.0' in answer.text
    assert took < 10


def test_metrics_are_told_without_a_database(client, app, monkeypatch):
    from sqlalchemy.exc import SQLAlchemyError

    def fails():
        raise SQLAlchemyError("away")

    monkeypatch.setattr(app.extensions["inkling"].database, "reading", fails)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "inkling_requests_total" in answer.text
    assert "inkling_runs" not in answer.text
