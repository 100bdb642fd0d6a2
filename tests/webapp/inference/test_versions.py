"""Versions of the default model: promotion, rollback, and refusal of invalid ones."""

import io
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import onnx.numpy_helper
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import event, select, text

from tests.conftest import installed
from tests.webapp.test_serving import Server
from tests.webapp.version_files import SPOILT, spoil
from trainer.recognition.bundle import PRETRAINED, Bundle, BundleError, read_bundle
from webapp.app import create_app
from webapp.cli import main
from webapp.inference.registry import tried
from webapp.inference.versions import SHIPPED, Versions
from webapp.storage.database import Database
from webapp.storage.tables import Activation, AuditEntry, now

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
ANOTHER = read_bundle(PRETRAINED / "lenet5").card.version
THIRD = read_bundle(PRETRAINED / "cnn").card.version
OURS = read_bundle(PRETRAINED / "inkling").card.version


@pytest.fixture
def app(settings, monkeypatch):
    monkeypatch.setattr("webapp.inference.registry._LOOK_EVERY", 0.0)
    with installed(settings(admin_token=TOKEN)) as app:
        yield app


@pytest.fixture
def versions(app) -> Versions:
    versions: Versions = app.extensions["inkling"].versions
    for name in ("lenet5", "cnn"):
        versions.add(PRETRAINED / name)
    return versions


def answering(client) -> str:
    return client.get("/readyz").get_json()["version"]


def test_a_promoted_version_answers_and_rollbacks_lead_back_step_by_step(client, versions):
    assert answering(client) == OURS
    for version in (ANOTHER, THIRD):
        versions.promote(version, "test")
        assert answering(client) == version
    assert list(versions.lineage()) == [THIRD, ANOTHER, SHIPPED]
    assert versions.roll_back("test") == ANOTHER
    assert answering(client) == ANOTHER
    assert versions.roll_back("test") == SHIPPED
    assert answering(client) == OURS
    with pytest.raises(BundleError, match="no version before shipped: nothing to roll back"):
        versions.roll_back("test")


def test_promoting_the_active_version_changes_nothing_so_that_a_rollback_leads_away_from_it(
    versions, database
):
    for version in (SHIPPED, ANOTHER, ANOTHER):
        versions.promote(version, "test")
    with database.reading() as session:
        assert session.scalars(select(Activation.version)).all() == [ANOTHER]
        whats = session.scalars(select(AuditEntry.what)).all()
        assert whats.count("promoted") == 1
    assert versions.previous() == SHIPPED
    assert versions.roll_back("test") == SHIPPED


def test_a_rollback_leads_past_what_former_releases_stored_of_repeated_promotions(
    versions, database
):
    with database.writing() as session:
        for number, version in enumerate([ANOTHER, THIRD, THIRD, THIRD]):
            session.add(Activation(at=now(), version=version, before=number or None))
            session.flush()
    for expected in (ANOTHER, SHIPPED):
        assert versions.previous() == expected
        assert versions.roll_back("test") == expected
    assert versions.previous() is None


def test_a_rollback_to_a_damaged_version_is_refused(versions, database):
    for version in (ANOTHER, THIRD):
        versions.promote(version, "test")
    spoil(database, ANOTHER)
    with pytest.raises(BundleError, match="hash"):
        versions.roll_back("test")
    assert versions.pointer().version == THIRD


def test_the_shipped_model_can_be_promoted_and_rolled_back_too(client, versions):
    versions.promote(ANOTHER, "test")
    versions.promote(SHIPPED, "test")
    assert answering(client) == OURS
    assert versions.roll_back("test") == ANOTHER
    assert answering(client) == ANOTHER


def test_each_prediction_names_its_version(client, versions, seven, encode):
    versions.promote(ANOTHER, "test")
    sent = {"image": (io.BytesIO(encode(seven)), "7.png")}
    answer = client.post("/api/v1/predict", data=sent).get_json()
    assert answer["model"] == {"name": "inkling", "version": ANOTHER}
    listed = client.get("/api/v1/models").get_json()["models"][0]
    assert (listed["name"], listed["version"], listed["architecture"]) == (
        "inkling", ANOTHER, "lenet5",
    )  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_an_invalid_version_is_refused_and_the_last_valid_one_stays_active(
    app, client, database, versions, how, caplog
):
    spoil(database, THIRD, how)
    with pytest.raises(BundleError):
        versions.promote(THIRD, "test")
    assert list(versions.lineage()) == [SHIPPED]
    assert answering(client) == OURS


@pytest.mark.parametrize("how", SPOILT)
def test_a_version_that_is_damaged_after_its_promotion_is_skipped(
    app, client, database, versions, settings, how, caplog
):
    versions.promote(ANOTHER, "test")
    versions.promote(THIRD, "test")
    spoil(database, THIRD, how)
    assert answering(client) == ANOTHER
    assert "version refused" in caplog.text
    restarted = create_app(settings())
    assert answering(restarted.test_client()) == ANOTHER
    spoil(database, ANOTHER, "missing")
    assert answering(create_app(settings()).test_client()) == OURS
    assert answering(client) == ANOTHER  # it is loaded already


@pytest.mark.parametrize(
    ("layer", "reason"), [("Log", "not finite"), ("Expand", "too many values")]
)
def test_a_model_whose_layers_cannot_be_shown_is_refused(layer, reason):
    shape = ["n", 1, 28, 28]
    large = onnx.numpy_helper.from_array(np.array([1, 1300, 28, 28]), "large")
    weights = onnx.numpy_helper.from_array(np.ones((784, 10), np.float32), "weights")
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Cast", ["pictures"], ["pixels"], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Flatten", ["pixels"], ["flat"]),
            onnx.helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
            onnx.helper.make_node(
                layer, ["pixels", "large"] if layer == "Expand" else ["pixels"], [f"0 {layer}"]
            ),
        ],
        "model",
        [onnx.helper.make_tensor_value_info("pictures", onnx.TensorProto.UINT8, shape)],
        [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in ("logits", f"0 {layer}")
        ],
        [weights, large],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    card = read_bundle(PRETRAINED / "lenet5").card
    with pytest.raises(BundleError, match=reason):
        tried(Bundle(Path("hostile"), card, model.SerializeToString()))


@pytest.mark.parametrize("how", ["altered", "missing"])
def test_the_active_version_answers_again_once_it_is_repaired(client, database, versions, how):
    versions.promote(THIRD, "test")
    spoil(database, THIRD, how)
    assert answering(client) == OURS
    versions.add(PRETRAINED / "cnn")
    assert answering(client) == THIRD
    assert versions.roll_back("test") == SHIPPED


def test_the_last_version_stays_active_while_the_database_fails(
    client, database, versions, monkeypatch, caplog
):
    monkeypatch.setattr("webapp.inference.registry._LOOK_AGAIN_AFTER_FAILURE", 0.0)
    versions.promote(ANOTHER, "test")
    assert answering(client) == ANOTHER
    rename(database, "activations", "gone")
    for _ in range(3):
        assert answering(client) == ANOTHER
    assert caplog.text.count("cannot follow the active version") == 1
    rename(database, "gone", "activations")
    versions.promote(THIRD, "test")
    assert answering(client) == THIRD


def rename(database: Database, table: str, to: str) -> None:
    with database.writing() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_a_deleted_version_is_logged_once_and_the_one_before_answers(
    client, database, versions, caplog
):
    for version in (ANOTHER, THIRD):
        versions.promote(version, "test")
    spoil(database, THIRD, "missing")
    with executed(database) as statements:
        for _ in range(5):
            assert answering(client) == ANOTHER
    assert caplog.text.count("version refused") == 1
    assert len(statements) == 5 + 2  # all that came before it are read at once, and only once


def test_following_costs_one_query_of_one_row_however_long_the_history(client, database, versions):
    with database.writing() as session:
        for number in range(300):
            before = number or None
            session.add(Activation(at=now(), version=(ANOTHER, THIRD)[number % 2], before=before))
            session.flush()
    assert answering(client) == THIRD
    with executed(database) as statements:
        for _ in range(5):
            assert answering(client) == THIRD
    assert len(statements) == 5
    with database.engine.connect() as connection:
        for statement in statements:
            assert len(connection.exec_driver_sql(*statement).fetchall()) == 1
    for version in (ANOTHER, THIRD, ANOTHER):  # nothing that a rollback needs is lost
        assert versions.roll_back("test") == version


@contextmanager
def executed(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements on activations that are executed in the block, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        if "activations" in statement:
            statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_the_admin_promotes_and_rolls_back(client, versions, app):
    def post(path: str):
        return client.post(f"/admin/versions/{path}", headers=HEADERS)

    assert post(f"{ANOTHER}/promote").get_json() == {"active": ANOTHER}
    page = client.get("/admin/versions", headers=HEADERS).get_data(as_text=True)
    assert ANOTHER in page
    assert "Roll back to shipped" in page
    assert post("rollback").get_json() == {"active": SHIPPED}
    assert post("rollback").status_code == 409
    for unknown in ("nobody", "..", "%2e%2e"):
        assert post(f"{unknown}/promote").status_code in {404, 409}
    assert "rolled back" in client.get("/admin/", headers=HEADERS).get_data(as_text=True)


@pytest.mark.parametrize("how", ["another preprocessing", "another's card", "half a card"])
def test_the_list_reads_cards_alone_and_says_which_cannot_be_used(
    client, database, versions, how, monkeypatch
):
    spoil(database, THIRD, how)
    monkeypatch.setattr("webapp.storage.versions.files", lambda *_: pytest.fail("it was read"))
    page = client.get("/admin/versions", headers=HEADERS).text
    assert page.count("Not usable:") == 1
    assert f"{THIRD}: " in page or f"{THIRD}/card.json: " in page
    assert ANOTHER in page


def test_a_bundle_is_added_atomically(versions, tmp_path):
    broken = shutil.copytree(PRETRAINED / "mlp", tmp_path / "broken")
    (broken / "weights.safetensors").write_bytes(b"")
    with pytest.raises(BundleError):
        versions.add(broken)
    assert sorted(versions.cards()) == sorted([ANOTHER, THIRD])
    assert versions.add(PRETRAINED / "cnn").card.version == THIRD  # again: nothing happens


@pytest.mark.slow
def test_the_command_line_lists_adds_promotes_and_rolls_back(tmp_path):
    def inkling(*arguments: str) -> Result:
        environment = {"INKLING_HOME": str(tmp_path)}
        return CliRunner().invoke(main, ["models", *arguments], env=environment)

    assert "* shipped" in inkling("list").stdout
    assert inkling("add", str(PRETRAINED / "cnn")).stdout.strip() == THIRD
    assert inkling("promote", THIRD).exit_code == 0
    assert f"* {THIRD}" in inkling("list").stdout
    assert inkling("rollback").stdout.strip() == SHIPPED
    for wrong in (
        ("promote", "nobody"),
        ("promote", THIRD, "--expected", "x"),
        ("add", str(tmp_path)),
        ("rollback",),
    ):
        result = inkling(*wrong)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_every_worker_follows_a_promotion_and_no_request_fails(
    tmp_path, settings, database_url, seven, encode
):
    """Three swaps under load, by real gunicorn."""
    server = Server(tmp_path, INKLING_DATABASE_URL=database_url)
    try:
        server.wait_until_ready()
        versions = Versions(Database(settings().database))
        for name in ("lenet5", "cnn"):
            versions.add(PRETRAINED / name)
        statuses: Counter[int] = Counter()
        done = threading.Event()
        body = (
            b'--x\r\nContent-Disposition: form-data; name="image"; filename="7.png"\r\n\r\n'
            + encode(seven)
            + b"\r\n--x--\r\n"
        )
        form = {"Content-Type": "multipart/form-data; boundary=x"}

        def ask() -> None:
            while not done.is_set():
                statuses[server.get("/api/v1/predict", body, **form)[0]] += 1

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        try:
            for swap in range(3):
                version = (ANOTHER, THIRD)[swap % 2]
                versions.promote(version, "test")
                in_a_row, deadline = 0, time.monotonic() + 30
                while in_a_row < 10:  # as many as it takes to meet each worker
                    ready = msgspec.json.decode(server.get("/readyz")[1])
                    in_a_row = in_a_row + 1 if ready["version"] == version else 0
                    assert time.monotonic() < deadline
        finally:
            done.set()
            for asker in askers:
                asker.join()
        assert set(statuses) == {200}
        assert statuses[200] > 100
    finally:
        server.process.kill()
        server.process.wait()
