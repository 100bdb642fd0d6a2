"""Wrong passwords and tokens: limited together, for all processes, and logged within bounds."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from werkzeug.security import generate_password_hash

from tests.conftest import installed
from tests.webapp.admin.test_admin import BEARER, HTML, PASSWORD, TOKEN, csrf_in, log, sign_in
from webapp import authenticator
from webapp.app import create_app
from webapp.authenticator import Authenticator, TooManyAtOnce
from webapp.settings import Settings
from webapp.storage import audit
from webapp.storage.tables import AuditEntry

pytestmark = pytest.mark.slow

WRONG = {"Authorization": "Bearer something-else-entirely"}
ADMIN = {"admin_password": PASSWORD, "admin_token": TOKEN}


@pytest.fixture
def app(settings):
    with installed(settings(**ADMIN)) as app:
        yield app


def try_token(app, headers=WRONG, **environ: str) -> int:
    return app.test_client().get("/admin/", headers=headers, environ_base=environ).status_code


def test_many_wrong_passwords_at_once_are_no_more_than_the_limit(app, settings, database):
    """To two processes with one database."""
    form = app.test_client()
    token = csrf_in(form.get("/admin/login").get_data(as_text=True))
    cookie = form.get_cookie("session").value

    def guess(number: int) -> int:
        client = (app, other)[number % 2].test_client()
        client.set_cookie("session", cookie)
        wrong = {"password": f"wrong {number}", "csrf_token": token}
        return client.post("/admin/login", data=wrong).status_code

    with installed(settings(**ADMIN)) as other, ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(guess, range(48)))
    assert statuses.count(401) == 10
    assert statuses.count(429) == 38
    assert log(database) == ["login refused"] * 10


def test_many_wrong_tokens_at_once_are_no_more_than_the_limit(app, database):
    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(lambda _: try_token(app), range(48)))
    assert statuses.count(401) == 10
    assert statuses.count(429) == 38
    assert log(database) == ["token refused"] * 10


def test_passwords_and_tokens_share_the_limit_and_the_right_ones_are_refused_beyond_it(
    app, database
):
    for _ in range(5):
        assert sign_in(app.test_client(), "wrong").status_code == 401
        assert try_token(app) == 401
    page = sign_in(app.test_client())
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 15 * 60
    refused = app.test_client().get("/admin/", headers=BEARER)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_guesses")
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert try_token(app, BEARER, **elsewhere) == 200
    assert sign_in(app.test_client(), **elsewhere).status_code == 302


def test_right_passwords_and_tokens_do_not_count(app, database):
    for _ in range(12):
        assert sign_in(app.test_client()).status_code == 302
        assert try_token(app, BEARER) == 200
    with ThreadPoolExecutor(12) as threads:  # as a script that sends many requests at once
        assert set(threads.map(lambda _: try_token(app, BEARER), range(36))) == {200}


def test_the_addresses_of_an_ipv6_network_share_the_limit(app, database):
    for number in range(10):
        assert try_token(app, REMOTE_ADDR=f"2001:db8:1:2::{number:x}") == 401
    assert try_token(app, REMOTE_ADDR="2001:db8:1:2:ffff::1") == 429
    assert try_token(app, REMOTE_ADDR="2001:db8:1:3::1") == 401
    for number in range(10):
        address = "192.0.2.7" if number % 2 else "::ffff:192.0.2.7"
        assert try_token(app, REMOTE_ADDR=address) == 401
    assert try_token(app, REMOTE_ADDR="192.0.2.7") == 429


def test_an_invented_forwarded_address_buys_no_further_guess(app, database):
    codes = [
        try_token(app, WRONG | {"X-Forwarded-For": f"192.0.2.{number}"}) for number in range(12)
    ]
    assert codes == [401] * 10 + [429] * 2
    with database.reading() as session:
        assert set(session.scalars(select(AuditEntry.who))) == {"127.0.0.1"}


def test_refused_attempts_do_not_fill_the_audit_log(app, database):
    with database.writing() as session:
        audit.record(session, "session", "promoted")
        for number in range(1_100):
            audit.record_refusal(session, f"2001:db8::{number:x}", "login refused")
    try_token(app)
    sign_in(app.test_client(), "wrong")
    with database.reading() as session:
        counts = dict(
            session.execute(select(AuditEntry.what, func.count()).group_by(AuditEntry.what)).all()
        )
        newest = session.scalars(select(AuditEntry.who).order_by(AuditEntry.id.desc())).first()
    assert counts == {"promoted": 1, "login refused": 1_000, "token refused": 1}
    assert newest == "127.0.0.1"


def test_a_password_is_hashed_outside_any_transaction_and_not_beyond_the_limit(
    settings, monkeypatch
):
    with installed(settings(admin_password_hash=generate_password_hash(PASSWORD))) as app:
        database = app.extensions["inkling"].database
        connections: list[int] = []
        check = authenticator.check_password_hash

        def observed(*given: str) -> bool:
            connections.append(database.engine.pool.checkedout())
            return check(*given)

        monkeypatch.setattr(authenticator, "check_password_hash", observed)
        assert sign_in(app.test_client()).status_code == 302
        for _ in range(10):
            assert sign_in(app.test_client(), "wrong").status_code == 401
        assert sign_in(app.test_client(), "wrong").status_code == 429
    assert connections == [0] * 11


def test_at_most_two_passwords_are_hashed_at_once_and_few_wait(monkeypatch):
    guard = Authenticator(Settings(admin_password_hash=generate_password_hash(PASSWORD)), "key")
    check = authenticator.check_password_hash
    running, most, may_go_on = [], [], threading.Event()

    def observed(*given: str) -> bool:
        running.append(1)
        most.append(len(running))
        may_go_on.wait(60)
        running.pop()
        return check(*given)

    monkeypatch.setattr(authenticator, "check_password_hash", observed)

    def verify(_: int) -> bool | None:
        try:
            return guard.verify_password(PASSWORD)
        except TooManyAtOnce:
            refused.release()
            return None

    refused = threading.Semaphore(0)
    with ThreadPoolExecutor(12) as threads:
        results = threads.map(verify, range(12))
        for _ in range(8):
            assert refused.acquire(timeout=60)
        may_go_on.set()
        outcomes = list(results)
    assert (outcomes.count(True), outcomes.count(None)) == (4, 8)
    assert max(most) == 2


def test_a_guess_that_finds_no_room_is_answered_503_and_not_counted(settings, monkeypatch):
    hashed = generate_password_hash(PASSWORD)
    with installed(settings(admin_password_hash=hashed)) as app:
        guard = app.extensions["inkling"].authenticator

        def refuse(_password: str) -> bool:
            raise TooManyAtOnce

        with monkeypatch.context() as patch:
            patch.setattr(guard, "verify_password", refuse)
            for _ in range(12):
                page = sign_in(app.test_client())
                assert page.status_code == 503
                assert int(page.headers["Retry-After"]) > 0
        assert sign_in(app.test_client()).status_code == 302


@pytest.mark.parametrize("path", ["/", "/drawings/pictures.zip", "/login", "/api/drawings", "/no"])
def test_a_wrong_token_gets_problem_details_whatever_page_it_asks_for(app, database, path):
    client = app.test_client()
    assert sign_in(client).status_code == 302
    for headers in (WRONG, WRONG | HTML, WRONG | {"Accept": "*/*"}):
        answer = client.get(f"/admin{path}", headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_only_who_asks_for_a_page_is_led_to_the_login_page(app, database):
    for headers, status in (({"Accept": "*/*"}, 401), ({}, 401), (HTML, 302)):
        answer = app.test_client().get("/admin/drawings/pictures.zip", headers=headers)
        assert answer.status_code == status
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    wrong = sign_in(app.test_client(), "wrong")
    assert (wrong.status_code, wrong.mimetype) == (401, "text/html")
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


def test_public_pages_verify_no_token(app, database):
    client = app.test_client()
    for _ in range(12):
        assert client.get("/", headers=WRONG).status_code == 200
    assert log(database) == []


def test_the_limit_holds_in_a_restarted_process(settings):
    with installed(settings(**ADMIN)) as app:
        for _ in range(10):
            assert try_token(app) == 401
    assert try_token(create_app(settings(**ADMIN))) == 429


def test_a_wrong_password_of_a_script_is_problem_details(app):
    client = app.test_client()
    token = csrf_in(client.get("/admin/login").get_data(as_text=True))
    wrong = {"password": "wrong", "csrf_token": token}
    refused = client.post("/admin/login", data=wrong, headers={"Accept": "application/json"})
    assert refused.status_code == 401
    assert refused.mimetype == "application/problem+json"
