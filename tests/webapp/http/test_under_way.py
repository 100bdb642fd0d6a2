"""The limit of requests that a process has under way."""

import gc
import sys
import weakref

import pytest
from werkzeug.test import create_environ

from webapp.app import create_app
from webapp.settings import Settings


@pytest.fixture
def app(tmp_path):
    app = create_app(Settings(home=str(tmp_path), rate_limit=0, requests_at_once=2))
    app.add_url_rule("/slow", "slow", view_func=lambda: (part for part in (b"a", b"b")))
    app.add_url_rule("/broken", "broken", view_func=lambda: 1 / 0)
    app.add_url_rule("/ended", "ended", view_func=sys.exit)
    return app


def test_a_request_beyond_the_limit_is_told_to_come_back(app, body):
    client = app.test_client()
    first, second = client.get("/slow"), client.get("/slow")  # sent, and not read to the end
    refused = client.post("/api/v1/predict", data=body, content_type="application/json")
    assert refused.status_code == 503
    assert refused.json["code"] == "overloaded"
    assert int(refused.headers["Retry-After"]) >= 1
    for response in (first, refused):
        response.close()
    answer = client.post("/api/v1/predict", data=body, content_type="application/json")
    assert answer.status_code == 200
    second.close()


def test_probes_answer_beyond_the_limit(app):
    client = app.test_client()
    responses = [client.get("/slow"), client.get("/slow")]
    assert [client.get(path).status_code for path in ("/healthz", "/metrics")] == [200, 200]
    for response in responses:
        response.close()


def test_requests_that_fail_are_not_under_way_any_more(app):
    client = app.test_client()
    for path in ("/broken", "/missing", "/broken", "/missing"):
        client.get(path).close()
    for _ in range(2):
        with pytest.raises(SystemExit):  # as when a worker's time is over
            client.get("/ended")
    assert client.get("/about").status_code == 200


def test_an_answer_that_was_read_to_its_end_is_not_under_way_any_more(app):
    client = app.test_client()
    for _ in range(4):
        assert client.get("/slow").data == b"ab"  # and not closed
    assert client.get("/about").status_code == 200


def test_an_answer_that_was_sent_takes_no_memory_until_garbage_is_collected(app):
    gc.disable()
    try:
        answer = app.wsgi_app(create_environ("/slow"), lambda *_: None)
        assert b"".join(answer) == b"ab"
        answer.close()
        sent = weakref.ref(answer)
        del answer
        assert sent() is None
    finally:
        gc.enable()


def test_a_client_beyond_its_share_is_told_to_come_back_and_others_are_answered(tmp_path):
    app = create_app(Settings(home=str(tmp_path), requests_at_once=10))  # two for each client
    app.add_url_rule("/slow", "slow", view_func=lambda: (part for part in (b"a", b"b")))
    client, other = app.test_client(), {"REMOTE_ADDR": "192.0.2.2"}
    begun = [client.get("/slow") for _ in range(2)]
    refused = client.get("/about")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert client.get("/healthz").status_code == 200
    assert client.get("/about", environ_base=other).status_code == 200
    for response in (*begun, refused):
        response.close()
    assert client.get("/about").status_code == 200
