"""One rule decides whether a client gets JSON, or a page or redirect."""

import pytest
from flask import Flask

from webapp.http.json import json_or_redirect, wants_json

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON_BODY = {"Content-Type": "application/json"}
JSON_ACCEPTED = {"Accept": "application/json"}


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/things/<name>", "thing", lambda name: name)
    return app


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/", BROWSER, False),
        ("/", {}, False),
        ("/", {"Accept": "*/*"}, False),
        ("/", BROWSER | {"Content-Type": "multipart/form-data; boundary=x"}, False),
        ("/", JSON_ACCEPTED, True),
        ("/", {"Accept": "*/*"} | JSON_BODY, True),
        ("/api/docs", BROWSER, False),
        ("/api/v1/nothing", BROWSER, True),
        ("/admin/api/nothing", BROWSER, True),
        ("/admin/runs/1", BROWSER, False),
    ],
)
def test_scripts_get_json_and_browsers_get_pages(app, path, headers, expected):
    with app.test_request_context(path, headers=headers):
        assert wants_json() is expected


def test_an_action_answers_scripts_with_its_result_and_redirects_browsers(app):
    with app.test_request_context("/", method="POST", headers=JSON_ACCEPTED):
        response = json_or_redirect({"done": 1}, "thing", 202, name="a b")
        assert (response.status_code, response.get_data()) == (202, b'{"done":1}')
    with app.test_request_context("/", method="POST", headers=BROWSER):
        response = json_or_redirect({"done": 1}, "thing", 202, name="a b")
        assert (response.status_code, response.location) == (302, "/things/a%20b")
