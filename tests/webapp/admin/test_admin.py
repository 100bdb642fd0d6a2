"""The admin area: signing in, reviewing, deleting, exporting and importing drawings."""

import base64
import gzip
import io
import json
import re
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select
from werkzeug.security import generate_password_hash

from tests.conftest import installed
from trainer.data.samples import Split
from trainer.data.source import Source
from webapp.app import create_app
from webapp.settings import Settings
from webapp.storage.tables import AuditEntry, Drawing

PASSWORD, TOKEN = "correct horse", "a-token-for-scripts"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HTML = {"Accept": "text/html,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def app(settings):
    with installed(settings(admin_password=PASSWORD, admin_token=TOKEN)) as app:
        yield app


def csrf_in(page: str) -> str:
    return re.search(r'name="csrf[_-]token" (?:value|content)="([^"]+)"', page)[1]


def sign_in(client, password: str = PASSWORD, **environ: str):
    page = client.get("/admin/login").get_data(as_text=True)
    form = {"password": password, "csrf_token": csrf_in(page)}
    return client.post("/admin/login", data=form, environ_base=environ)


def give(app, picture: np.ndarray, label: str, **fields: object) -> str:
    """Store a visitor's drawing; return its id."""
    content = base64.b64encode(_png(picture)).decode()
    body = {"image": f"data:image/png;base64,{content}", "label": label, **fields}
    return app.test_client().post("/api/v1/feedback", json=body).get_json()["id"]


def _png(picture: np.ndarray) -> bytes:
    from trainer.recognition.image import as_png

    return as_png(picture)


@pytest.fixture
def ids(app, seven) -> list[str]:
    """Three drawings of 7: labeled 7, 1 and not_a_digit."""
    pictures = [np.roll(seven, 20 * step, axis=1) for step in range(3)]
    pictures[1][60:66, 20:120] = 0
    pictures[2][75:81, 20:120] = 0
    strokes = [[[35, 30, 0.5], [100, 30, 0.5], [65, 115, 0.5]]]
    return [
        give(app, pictures[0], "7", strokes=strokes),
        give(app, pictures[1], "1", strokes=strokes),
        give(app, pictures[2], "not_a_digit"),
    ]


def states(database) -> dict[str, tuple[str, str]]:
    with database.reading() as session:
        return {each.id: (each.state, each.label) for each in session.scalars(select(Drawing))}


def log(database) -> list[str]:
    with database.reading() as session:
        return [entry.what for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_without_signing_in_every_method_under_admin_is_refused(app, client):
    rules = [str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith("/admin")]
    assert len(rules) > 8
    paths = [re.sub("<.*?>", "x", rule) for rule in rules] + ["/admin", "/admin/no/such/page"]
    for path in set(paths) - {"/admin/login"}:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            response = client.open(path, method=method, headers=JSON)
            assert response.status_code in {302, 401}, (method, path)
            if response.status_code == 302:
                assert response.location == "/admin/login"
    wrong = {"Authorization": "Bearer something-else-entirely"}
    assert client.get("/admin/api/drawings", headers=wrong).status_code == 401


def test_the_password_opens_a_session_and_signing_out_ends_it(client, database):
    assert sign_in(client).location == "/admin/"
    page = client.get("/admin/").get_data(as_text=True)
    assert ">Admin</a>" in client.get("/").get_data(as_text=True)
    assert client.post("/admin/logout", data={"csrf_token": csrf_in(page)}).location == "/"
    assert client.get("/admin/", headers=HTML).location == "/admin/login"
    assert log(database) == ["login"]


def test_a_wrong_password_is_refused_logged_and_limited(app, client, database):
    for _ in range(10):
        assert sign_in(client, "wrong").status_code == 401
    assert sign_in(client).status_code == 429
    assert sign_in(app.test_client(), REMOTE_ADDR="203.0.113.9").status_code == 302
    assert log(database) == ["login refused"] * 10 + ["login"]


def test_without_a_configured_password_nobody_can_sign_in(tmp_path):
    app = create_app(Settings(home=str(tmp_path)))
    app.extensions["inkling"].database.upgrade()
    for password in ("", "x"):
        assert sign_in(app.test_client(), password).status_code == 401
    nobody = {"Authorization": "Bearer "}
    assert app.test_client().get("/admin/", headers=nobody).status_code == 401


@pytest.mark.parametrize("kind", ["admin_password", "admin_password_hash"])
def test_a_session_is_valid_in_every_process_until_the_password_changes(tmp_path, kind):
    def client_of(password: str):
        app = create_app(Settings(home=str(tmp_path), **{kind: password}))
        app.extensions["inkling"].database.upgrade()
        return app.test_client()

    hashed = kind.endswith("hash")
    password = generate_password_hash(PASSWORD) if hashed else PASSWORD
    client = client_of(password)
    sign_in(client)
    cookie = client.get_cookie("session").value
    for configured, status in ((password, 200), ("scrypt:1:1:1$a$b" if hashed else "new", 401)):
        other = client_of(configured)
        other.set_cookie("session", cookie)
        assert other.get("/admin/").status_code == status


def test_a_forged_request_with_the_admins_cookie_is_refused(client, database, ids):
    sign_in(client)
    response = client.post(f"/admin/api/drawings/{ids[0]}", json={"state": "accepted"})
    assert (response.status_code, response.get_json()) == (400, response.get_json())
    assert client.delete("/admin/api/drawings").status_code == 400
    assert len(states(database)) == 3
    assert set(states(database).values()) == {("new", "7"), ("new", "1"), ("new", "not_a_digit")}


def test_the_queue_starts_with_disagreements_and_can_be_filtered(client, ids):
    def asked(**filters: str) -> list[str]:
        answer = client.get("/admin/api/drawings", query_string=filters, headers=BEARER).get_json()
        assert answer["count"] == len(answer["drawings"])
        return [drawing["id"] for drawing in answer["drawings"]]

    assert set(asked()) == set(ids)
    everything = client.get("/admin/api/drawings", headers=BEARER).get_json()["drawings"]
    disagrees = [
        drawing["visitor_label"]
        != (str(drawing["digit"]) if drawing["is_digit"] else "not_a_digit")
        for drawing in everything
    ]
    assert disagrees == sorted(disagrees, reverse=True)
    assert any(disagrees)
    assert len(asked(disagree="true")) == sum(disagrees)
    assert asked(label="1") == [ids[1]]
    assert asked(state="accepted") == []
    for wrong in ({"state": "lost"}, {"colour": "red"}, {"label": "11"}):
        response = client.get("/admin/api/drawings", query_string=wrong, headers=BEARER)
        assert response.status_code == 400


def test_drawings_are_accepted_relabeled_rejected_and_returned_to_the_queue(client, database, ids):
    def decide(identity: str, **decision: str):
        return client.post(f"/admin/api/drawings/{identity}", json=decision, headers=BEARER)

    assert decide(ids[0], state="accepted").get_json()["state"] == "accepted"
    decide(ids[1], state="accepted", label="7")
    decide(ids[2], state="rejected")
    assert [states(database)[each] for each in ids] == [
        ("accepted", "7"), ("accepted", "7"), ("rejected", "not_a_digit"),
    ]  # fmt: skip
    decide(ids[2], state="new")
    assert states(database)[ids[2]] == ("new", "not_a_digit")
    assert decide("nobody", state="accepted").status_code == 404
    assert decide(ids[0], state="perhaps").status_code == 400
    assert log(database) == ["accepted", "accepted", "rejected", "new"]


def test_drawings_are_deleted_one_by_one_and_all_at_once(client, database, ids):
    assert client.delete(f"/admin/api/drawings/{ids[0]}", headers=BEARER).status_code == 204
    assert client.delete(f"/admin/api/drawings/{ids[0]}", headers=BEARER).status_code == 404
    some = client.delete("/admin/api/drawings?label=1", headers=BEARER)
    assert some.get_json() == {"deleted": 1}
    assert client.delete("/admin/api/drawings", headers=BEARER).get_json() == {"deleted": 1}
    assert states(database) == {}


def accept_all(client, ids) -> None:
    for identity in ids:
        client.post(f"/admin/api/drawings/{identity}", json={"state": "accepted"}, headers=BEARER)


def import_file(client, content: bytes, name: str):
    """The last response about the import: a machine that is busy answers 202 first."""
    form = {"file": (io.BytesIO(content), name)}
    response = client.post("/admin/drawings", data=form, headers=BEARER | JSON)
    while response.status_code == 202 or response.get_json().get("state") in ("waiting", "running"):
        time.sleep(0.05)
        url = f"/admin/api/imports/{response.get_json()['id']}"
        response = client.get(url, headers=BEARER | JSON)
    return response


def imported(client, content: bytes, name: str) -> dict[str, int]:
    """The counts of an import that succeeds."""
    answer = import_file(client, content, name).get_json()
    return {key: answer[key] for key in ("kept", "known", "empty")}


@pytest.mark.parametrize("path", ["/", "/retrain", "/drawings/pictures.zip", "/login"])
def test_admin_pages_are_never_cached(client, database, path):
    response = client.get(f"/admin{path}", headers=BEARER)
    assert response.cache_control.no_store


def test_the_trainer_reads_the_exported_pictures(client, ids, tmp_path):
    accept_all(client, ids)
    content = client.get("/admin/drawings/pictures.zip", headers=BEARER).data
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "out")
        assert len(archive.namelist()) == 3
    learned = []
    for split in (Split.TRAIN, Split.TEST):
        if (tmp_path / "out" / split).is_dir():
            learned += list(Source.parse(f"folder:{tmp_path / 'out'}").load(split).labels)
    assert sorted(learned) == [1, 7, 10]


def test_an_export_can_be_imported_again_and_is_stored_once(client, database, ids):
    accept_all(client, ids)
    pictures = client.get("/admin/drawings/pictures.zip", headers=BEARER).data
    strokes = client.get("/admin/drawings/strokes.jsonl.gz", headers=BEARER).data
    records = [json.loads(line) for line in gzip.decompress(strokes).splitlines()]
    assert [record["label"] for record in records] == ["7", "1"]
    assert records[0]["strokes"] == [[[35, 30], [100, 30], [65, 115]]]
    assert records[0]["writer"].startswith("inkling/")
    assert imported(client, pictures, "p.zip") == {"kept": 0, "known": 3, "empty": 0}
    client.delete("/admin/api/drawings", headers=BEARER)
    assert imported(client, pictures, "p.zip") == {"kept": 3, "known": 0, "empty": 0}
    assert sorted(states(database).values()) == [
        ("accepted", "1"),
        ("accepted", "7"),
        ("accepted", "not_a_digit"),
    ]
    client.delete("/admin/api/drawings", headers=BEARER)
    assert imported(client, strokes, "s.jsonl.gz")["kept"] == 1  # the same strokes twice
    assert client.get("/admin/drawings/strokes.jsonl.gz", headers=BEARER).data != b""


def test_only_a_picture_without_ink_counts_as_empty(client, database, seven):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("train/7/7.png", _png(seven))
        file.writestr("train/1/blank.png", _png(np.full_like(seven, 255)))
    counts = imported(client, archive.getvalue(), "p.zip")
    assert counts == {"kept": 1, "known": 0, "empty": 1}


def test_held_back_drawings_are_exported_as_test_and_stay_held_back(client, database, ids):
    def held_back() -> dict[str, bool]:
        with database.reading() as session:
            return {each.label: each.held_back for each in session.scalars(select(Drawing))}

    accept_all(client, ids)
    with database.writing() as session:
        for identity, chosen in zip(ids, (True, False, True), strict=True):
            session.get(Drawing, identity).held_back = chosen
    before = held_back()
    content = client.get("/admin/drawings/pictures.zip", headers=BEARER).data
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {Path(name).parts[1]: Path(name).parts[0] for name in archive.namelist()}
    assert parts == {"7": "test", "1": "train", "not_a_digit": "test"}
    client.delete("/admin/api/drawings", headers=BEARER)
    import_file(client, content, "p.zip")
    assert held_back() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database_url", "name"),
    [("sqlite", "pictures.zip"), ("postgres", "strokes.jsonl.gz")],
    indirect=["database_url"],
)
def test_an_export_uses_bounded_memory(client, database, ids, name):
    client.get(f"/admin/drawings/{name}", headers=BEARER).get_data()  # what happens only once
    with database.writing() as session:
        one = session.get(Drawing, ids[0])
        row = {column.name: getattr(one, column.name) for column in Drawing.__table__.columns}
        row |= {"picture": bytes(20_000), "strokes": [[[x, 0.5] for x in range(1000)]]}
        row["state"] = "accepted"
        own = ("id", "fingerprint")
        for first in range(0, 350, 50):  # a statement has the patience of a request
            numbers = range(first, first + 50)
            session.execute(
                insert(Drawing), [row | dict.fromkeys(own, f"{n:032}") for n in numbers]
            )
    tracemalloc.start()
    try:
        response = client.get(f"/admin/drawings/{name}", headers=BEARER)
        size = sum(map(len, response.response))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 20_000
    assert peak < 40 << 20  # bytes; all 350 rows as objects are 58 MB
