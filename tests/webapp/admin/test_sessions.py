"""Sessions of administrators: renewed at login, ended on the server."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.conftest import installed
from tests.webapp.admin.test_admin import HTML, PASSWORD, csrf_in, sign_in
from webapp.retraining import runs
from webapp.retraining.options import RetrainingOptions
from webapp.storage.tables import AdminSession, now


@pytest.fixture
def app(settings):
    with installed(settings(admin_password=PASSWORD)) as app:
        yield app


def with_cookie(app, cookie: str):
    client = app.test_client()
    client.set_cookie("session", cookie)
    return client


def cookie_of(client) -> str:
    return client.get_cookie("session").value


def sign_out(client) -> None:
    token = csrf_in(client.get("/admin/").get_data(as_text=True))
    assert client.post("/admin/logout", data={"csrf_token": token}).location == "/"


def opens(app, cookie: str) -> bool:
    answer = with_cookie(app, cookie).get("/admin/", headers=HTML)
    assert answer.status_code in {200, 302}
    return answer.status_code == 200


def test_a_copied_cookie_opens_nothing_after_signing_out_in_any_process(app, settings):
    client, colleague = app.test_client(), app.test_client()
    sign_in(client)
    sign_in(colleague)
    copied = cookie_of(client)
    with installed(settings(admin_password=PASSWORD)) as other:
        assert opens(app, copied)
        assert opens(other, copied)
        sign_out(client)
        assert not opens(app, copied)
        assert not opens(other, copied)
        assert opens(other, cookie_of(colleague))
    api = with_cookie(app, copied).get("/admin/api/drawings")
    assert (api.status_code, api.mimetype) == (401, "application/problem+json")


def test_a_new_password_ends_every_session_even_if_the_old_one_returns(app, settings):
    client = app.test_client()
    sign_in(client)
    with installed(settings(admin_password="another")) as changed:
        assert not opens(changed, cookie_of(client))
        sign_in(changed.test_client(), "another")
    assert not opens(app, cookie_of(client))


def test_a_session_ends_after_twelve_hours(app, database):
    client = app.test_client()
    sign_in(client)
    for hours, is_open in ((11, True), (13, False)):
        with database.writing() as session:
            session.scalars(select(AdminSession)).one().since = now() - timedelta(hours=hours)
        assert opens(app, cookie_of(client)) == is_open
    sign_in(app.test_client())
    with database.reading() as session:
        assert len(session.scalars(select(AdminSession)).all()) == 1  # the old one is deleted


def test_a_session_is_new_at_each_login_and_drops_the_anonymous_one(app, database):
    """Somebody else may have put the anonymous cookie into this browser."""
    client = app.test_client()
    with client.session_transaction() as anonymous:
        anonymous["visitor"] = "planted"
    before = csrf_in(client.get("/admin/login").get_data(as_text=True))
    planted = cookie_of(client)
    form = {"password": PASSWORD, "csrf_token": before}
    assert client.post("/admin/login", data=form).location == "/admin/"
    first = cookie_of(client)
    with client.session_transaction() as opened:
        assert set(opened) == {"admin"}
    refused = client.post("/admin/logout", data={"csrf_token": before})
    assert refused.status_code == 400
    assert not opens(app, planted)
    sign_out(client)
    sign_in(client)
    assert cookie_of(client) != first


def test_what_is_stored_opens_no_session(app, database):
    client = app.test_client()
    sign_in(client)
    with database.reading() as session:
        stored = session.scalars(select(AdminSession)).one().id
    with client.session_transaction() as opened:
        assert opened["admin"] not in stored
        opened["admin"] = stored
    assert not opens(app, cookie_of(client))


def test_a_stream_of_events_ends_with_the_session(app, database):
    client = app.test_client()
    sign_in(client)
    with database.writing() as session:
        run = runs.enqueue(session, RetrainingOptions(), "test").id
    stream = client.get(f"/admin/api/runs/{run}/events", buffered=False)
    assert stream.status_code == 200
    parts = iter(stream.response)
    next(parts)
    assert b"event: run" in next(parts)
    sign_out(with_cookie(app, cookie_of(client)))
    assert list(parts) == []


@pytest.mark.parametrize("value", [{"key": "x", "since": 0.0}, 7, ""])
def test_a_cookie_of_an_earlier_version_leads_to_the_login_page(app, database, value):
    client = app.test_client()
    with client.session_transaction() as earlier:
        earlier["admin"] = value
    assert not opens(app, cookie_of(client))
