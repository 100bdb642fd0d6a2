"""Feedback: stored once, changed only by its visitor, and rate-limited."""

import base64
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from PIL import Image
from sqlalchemy import select

from tests.conftest import installed
from webapp.app import create_app
from webapp.http.rate_limit import RateLimiter
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.drawings import expire
from webapp.storage.tables import Base, Drawing, RateLimit, now


@pytest.fixture
def app(settings):
    with installed(settings(corrections_per_day=3)) as app:
        yield app


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def predicted(client, content: bytes) -> dict:
    return client.post("/api/v1/predict", json={"image": data_url(content)}).get_json()


def kept(database: Database) -> list[Drawing]:
    with database.reading() as session:
        return list(session.scalars(select(Drawing).order_by(Drawing.created)))


def give(client, **fields: object):
    return client.post("/api/v1/feedback", json=fields)


def test_feedback_is_stored_with_the_prediction_the_picture_and_the_strokes(
    client, database, seven, encode
):
    answer = predicted(client, encode(seven))
    strokes = [[[35, 30], [100, 30], [65, 115]]]
    response = give(
        client,
        prediction_id=answer["prediction_id"],
        label="1",
        image=data_url(encode(seven)),
        strokes=strokes,
    )
    assert response.status_code == 201
    (drawing,) = kept(database)
    assert response.get_json() == {"id": drawing.id, "label": "1"}
    assert drawing.label == drawing.visitor_label == "1"
    assert drawing.state == "new"
    assert drawing.digit == 7
    assert drawing.confidence == pytest.approx(answer["confidence"], abs=1e-4)
    assert drawing.probabilities == pytest.approx(answer["probabilities"], abs=1e-4)
    assert (drawing.model, drawing.version) == tuple(answer["model"].values())
    assert drawing.strokes == strokes
    assert (np.asarray(Image.open(io.BytesIO(drawing.picture))) == seven).all()
    assert data_url(drawing.seen) == answer["seen"]
    assert now() - drawing.created < timedelta(minutes=1)


def test_a_prediction_id_is_enough_for_feedback(client, database, seven, encode):
    answer = predicted(client, encode(seven))
    assert give(client, prediction_id=answer["prediction_id"], label="7").status_code == 201
    (drawing,) = kept(database)
    assert drawing.picture == drawing.seen
    assert data_url(drawing.seen) == answer["seen"]


def test_a_picture_alone_is_enough_for_feedback(client, database, seven, encode):
    assert give(client, image=data_url(encode(seven)), label="not_a_digit").status_code == 201
    (drawing,) = kept(database)
    assert (drawing.digit, drawing.visitor_label) == (7, "not_a_digit")


def test_the_bytes_that_were_sent_are_never_stored(client, database, seven):
    file = io.BytesIO()
    photo = Image.fromarray(np.kron(seven, np.ones((6, 6), np.uint8)))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    photo.save(file, "JPEG", exif=exif, comment=b"secret")
    url = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
    assert give(client, image=url, label="7").status_code == 201
    (drawing,) = kept(database)
    stored = Image.open(io.BytesIO(drawing.picture))
    assert stored.format == "PNG"
    assert max(stored.size) == 560
    assert not stored.getexif()
    assert b"home" not in drawing.picture
    assert b"secret" not in drawing.picture


def test_a_drawing_is_stored_once_and_its_visitor_may_change_the_label(
    app, client, database, seven, encode
):
    first = give(client, image=data_url(encode(seven)), label="1")
    again = give(client, image=data_url(encode(seven)), label="7")
    assert again.status_code == 200
    assert again.get_json() == {"id": first.get_json()["id"], "label": "7"}
    stranger = give(app.test_client(), image=data_url(encode(seven)), label="2")
    assert stranger.status_code == 200
    assert stranger.get_json() == {"id": "", "label": "2", "disputed": True}
    (drawing,) = kept(database)
    assert drawing.label == "7"
    with database.writing() as session:
        session.get(Drawing, drawing.id).state = "accepted"
    assert give(client, image=data_url(encode(seven)), label="3").get_json()["label"] == "7"


def test_visitors_can_delete_only_their_own_drawings(app, client, database, seven, encode):
    identity = give(client, image=data_url(encode(seven)), label="1").get_json()["id"]
    assert app.test_client().delete(f"/api/v1/feedback/{identity}").status_code == 404
    assert len(kept(database)) == 1
    assert client.delete(f"/api/v1/feedback/{identity}").status_code == 204
    assert kept(database) == []
    assert client.delete(f"/api/v1/feedback/{identity}").status_code == 404


def moved(seven: np.ndarray, number: int) -> np.ndarray:
    """Another drawing each time."""
    picture = seven.copy()
    picture[45 + 12 * number : 52 + 12 * number, 20:120] = 0
    return picture


def test_one_client_cannot_flood_the_site_with_corrections(app, client, database, seven, encode):
    answers = [
        give(app.test_client(), image=data_url(encode(moved(seven, number))), label="7")
        for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert answers[-1].get_json()["code"] == "too_many_corrections"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 24 * 3600
    assert len(kept(database)) == 3
    other = {"REMOTE_ADDR": "203.0.113.7"}
    fields = {"image": data_url(encode(moved(seven, 4))), "label": "7"}
    assert client.post("/api/v1/feedback", json=fields, environ_base=other).status_code == 201
    with database.reading() as session:
        clients = set(
            session.scalars(select(RateLimit.client).where(RateLimit.action == "corrections"))
        )
    assert len(clients) == 2
    assert not any("127.0.0.1" in client or "203.0" in client for client in clients)


def test_each_visitor_has_a_limit_and_a_school_behind_one_address_a_larger_one(
    settings, seven, encode
):
    with installed(settings(corrections_per_visitor=2, corrections_per_day=5)) as app:
        pupils = [app.test_client() for _ in range(3)]
        codes = [
            give(pupils[number // 3], image=data_url(encode(moved(seven, number))), label="7")
            for number in range(7)
        ]
        assert [code.status_code for code in codes] == [201, 201, 429, 201, 201, 429, 201]
        over = give(pupils[2], image=data_url(encode(moved(seven, -1))), label="7")
        assert (over.status_code, over.get_json()["code"]) == (429, "too_many_corrections")
        assert 0 < int(over.headers["Retry-After"]) <= 24 * 3600
        assert len(kept(app.extensions["inkling"].database)) == 5


def test_many_corrections_at_once_are_no_more_than_the_limit(app, database, seven, encode):
    bodies = [
        {"image": data_url(encode(np.roll(moved(seven, row), column, axis=1))), "label": "7"}
        for row in range(4)
        for column in (0, 1)
    ]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: give(app.test_client(), **body), bodies))
    new = [answer for answer in answers if answer.status_code == 201]
    assert len(new) == len(kept(database)) == 3


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"label": "7"}, 400, "invalid_request"),
        ({"label": "12a", "prediction_id": "x"}, 400, "invalid_request"),
        ({"label": "7", "prediction_id": "x"}, 400, "unknown_prediction"),
        ({"label": "7", "prediction_id": "ł.ł"}, 400, "unknown_prediction"),
        ({"label": "7", "image": "data:image/png;base64,AAAA"}, 415, "unsupported_picture"),
        ({"label": "7", "image": "EMPTY"}, 422, "empty_drawing"),
        ({"label": "7", "strokes": [[[0, 0]] * 9000] * 3}, 400, "invalid_request"),
    ],
)
def test_invalid_feedback_is_explained_and_nothing_is_stored(
    client, database, encode, fields, status, code
):
    empty = data_url(encode(Image.new("L", (60, 60), 255)))
    response = give(client, **{k: empty if v == "EMPTY" else v for k, v in fields.items()})
    assert (response.status_code, response.get_json()["code"]) == (status, code)
    assert kept(database) == []


def test_an_id_from_another_installation_is_refused(client, tmp_path, seven, encode):
    other = create_app(Settings(home=str(tmp_path / "other"))).test_client()
    forged = predicted(other, encode(seven))["prediction_id"]
    assert give(client, prediction_id=forged, label="7").get_json()["code"] == "unknown_prediction"
    good = predicted(client, encode(seven))["prediction_id"]
    assert give(client, prediction_id=good[:-1], label="7").status_code == 400


def test_a_form_on_another_site_cannot_give_feedback(client, database):
    body = msgspec.json.encode({"label": "7", "prediction_id": "x"})
    response = client.post("/api/v1/feedback", data=body, content_type="text/plain")
    assert response.status_code == 415


def test_corrections_can_be_switched_off(tmp_path, seven, encode):
    client = create_app(Settings(home=str(tmp_path), corrections=False)).test_client()
    response = give(client, image=data_url(encode(seven)), label="7")
    assert response.get_json()["code"] == "corrections_off"
    assert not (tmp_path / "inkling.db").exists()


def test_pictures_of_feedback_count_like_those_of_predictions(settings, encode):
    """Otherwise they would be a way around the rate limit, and corrections a way past their end."""
    large = data_url(encode(np.full((3000, 3000), 255, np.uint8)))
    with installed(settings(corrections=False)) as app:
        refused = app.test_client().post("/api/v1/feedback", json={"image": large, "label": "1"})
        assert refused.status_code == 403  # before anything is decoded: it is an empty picture
    with installed(settings(rate_limit=1)) as app:
        client = app.test_client()
        assert give(client, image=large, label="1").status_code == 422
        # It took 18 of a burst's 10: the next one is allowed in 8 seconds.
        assert client.get("/api/v1/models").status_code == 429


def test_predictions_go_on_when_nothing_can_be_stored(tmp_path, seven, encode):
    client = create_app(Settings(home=str(tmp_path))).test_client()  # never upgraded: no tables
    answer = predicted(client, encode(seven))
    assert answer["digit"] == 7
    response = give(client, prediction_id=answer["prediction_id"], label="7")
    assert (response.status_code, response.get_json()["code"]) == (503, "not_kept")


def test_expired_drawings_are_deleted(client, database, seven, encode):
    for number in range(2):
        give(client, image=data_url(encode(moved(seven, number))), label="7")
    with database.writing() as session:
        session.scalars(select(Drawing)).first().created = now() - timedelta(days=31)
    assert expire(database, 0) == 0
    assert expire(database, 30) == 1
    assert len(kept(database)) == 1


def test_concurrent_upgrades_and_writes_wait_for_each_other(settings):
    url = settings().database
    failures: list[BaseException] = []

    def work() -> None:
        try:
            database = Database(url)
            database.upgrade()
            for _ in range(10):
                with database.writing() as session:
                    assert (
                        RateLimiter("test", 100, timedelta(days=36500), "k").hit(session, "a")
                        is None
                    )
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Database(url).reading() as session:
        assert len(session.scalars(select(RateLimit)).one().hits) == 40 * 10


def test_the_migrations_create_the_tables_of_the_code(database):
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize("path", ["/api/v1/feedback/%00", "/admin/api/runs/%00"])
def test_an_id_that_the_database_cannot_hold_is_no_error_of_ours(settings, path):
    with installed(settings(admin_token="a-token-for-scripts")) as app:
        headers = {"Authorization": "Bearer a-token-for-scripts"}
        method = "DELETE" if "feedback" in path else "GET"
        answer = app.test_client().open(path, method=method, headers=headers)
        assert answer.status_code in {400, 404}


def test_the_cookie_is_same_site_and_behind_tls_secure(tmp_path, seven, encode):
    app = create_app(Settings(home=str(tmp_path), proxies=1))
    app.extensions["inkling"].database.upgrade()
    assert "Set-Cookie" not in app.test_client().get("/").headers
    for scheme in ("http", "https"):
        response = app.test_client().post(
            "/api/v1/feedback",
            json={"image": data_url(encode(seven)), "label": "7"},
            headers={"X-Forwarded-Proto": scheme},
        )
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == (scheme == "https")
