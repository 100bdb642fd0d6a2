"""Requests that another site may have forged are refused; those that nobody can forge are not."""

import io
import re

import pytest
from sqlalchemy import select

from tests.conftest import installed
from tests.webapp.admin.test_admin import BEARER, HTML, JSON, PASSWORD, TOKEN, csrf_in, sign_in
from webapp.storage.tables import Drawing

CORRECTABLE = ("/", "/compare", "/models/inkling/inside")
"""The pages that offer a form to correct the answer to an uploaded picture."""


def prediction_in(page: str) -> str:
    return re.search(r'name="prediction_id" value="([^"]+)"', page)[1]


@pytest.fixture
def app(tmp_path):
    from webapp.settings import Settings

    settings = Settings(home=str(tmp_path), admin_password=PASSWORD, admin_token=TOKEN)
    with installed(settings) as app:
        yield app


def changing_routes(app) -> list[tuple[str, str]]:
    """Every method and path under /admin that changes something."""
    return [
        (method, str(rule).replace("<identity>", "x").replace("<version>", "x"))
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/admin")
        for method in rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
    ]


def test_every_change_by_a_session_needs_the_token(app, client):
    sign_in(client)
    routes = changing_routes(app)
    assert len(routes) > 8
    for method, path in routes:
        refused = client.open(path, method=method, headers=JSON)
        assert refused.status_code == 400, (method, path)
        assert refused.mimetype == "application/problem+json"
        assert refused.get_json()["code"] == "csrf"
        page = client.open(path, method=method, headers=HTML)
        is_api = path.startswith("/admin/api/")
        assert page.status_code == 400
        assert page.mimetype == ("application/problem+json" if is_api else "text/html")


def test_the_token_is_taken_from_a_form_and_from_a_header(client):
    sign_in(client)
    token = csrf_in(client.get("/admin/").get_data(as_text=True))
    by_header = client.delete("/admin/api/drawings", headers={"X-CSRF-Token": token})
    assert by_header.get_json() == {"deleted": 0}
    assert client.post("/admin/logout", data={"csrf_token": token}).location == "/"


def test_an_import_may_be_larger_than_a_picture_with_the_token_in_form_or_header(client, database):
    sign_in(client)
    token = csrf_in(client.get("/admin/").get_data(as_text=True))
    line = b'{"label":"7","strokes":[[[1,1],[9,1],[5,15]]],"writer":"a"'
    content = (line + b" " * (2 << 20) + b"}\n") * 8
    for given, headers in (({"csrf_token": token}, {}), ({}, {"X-CSRF-Token": token})):
        form = given | {"file": (io.BytesIO(content), "s.jsonl")}
        answer = client.post("/admin/drawings", data=form, headers=headers)
        assert answer.status_code == 302, answer.text


def test_behind_tls_the_token_is_enough(client):
    secure = {"base_url": "https://localhost"}
    page = client.get("/admin/login", **secure).get_data(as_text=True)
    form = {"password": PASSWORD, "csrf_token": csrf_in(page)}
    assert client.post("/admin/login", data=form, **secure).location == "/admin/"


def test_a_login_without_the_token_is_refused(client, database):
    response = client.post("/admin/login", data={"password": PASSWORD}, headers=HTML)
    assert response.status_code == 400
    assert client.get("/admin/", headers=HTML).location == "/admin/login"


def test_clients_that_are_not_signed_in_get_401_without_a_csrf_complaint(app, client):
    for method, path in changing_routes(app):
        if path != "/admin/login":
            response = client.open(path, method=method, headers=JSON)
            assert (response.status_code, response.get_json()["code"]) == (401, "unauthorized")


def test_a_bearer_token_needs_no_csrf_token_even_with_a_session(client):
    sign_in(client)
    deleted = client.delete("/admin/api/drawings", headers=BEARER)
    assert deleted.get_json() == {"deleted": 0}


def test_public_uploads_and_the_api_work_without_a_session(app, seven, encode):
    def upload() -> dict:
        return {"image": (io.BytesIO(encode(seven)), "7.png")}

    for path in ("/", "/compare", "/models/inkling/inside", "/api/v1/predict", "/api/v1/explain"):
        response = app.test_client().post(path, data=upload())
        assert response.status_code == 200, path
        assert ("Set-Cookie" in response.headers) == (path in CORRECTABLE)
    for path in CORRECTABLE:
        assert "Set-Cookie" not in app.test_client().get(path).headers


def test_a_form_on_another_site_cannot_correct(app, database, seven, encode):
    """The attacker has an answer of their own; the visitor's browser sends it, without a token."""
    picture = {"image": (io.BytesIO(encode(seven)), "7.png")}
    attacker, visitor = app.test_client(), app.test_client()
    page = attacker.post("/", data=picture).get_data(as_text=True)
    stolen = {"prediction_id": prediction_in(page), "label": "1"}
    for form in (stolen, stolen | {"csrf_token": csrf_in(page)}):
        headers = HTML | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        refused = visitor.post("/correct", data=form, headers=headers)
        assert refused.status_code == 400
        assert "expired" in refused.get_data(as_text=True)
    with database.reading() as session:
        assert session.scalars(select(Drawing)).all() == []


@pytest.mark.parametrize("path", CORRECTABLE)
def test_a_visitor_without_scripts_can_correct_every_answer(app, database, seven, encode, path):
    visitor = app.test_client()
    picture = {"image": (io.BytesIO(encode(seven)), "7.png")}
    page = visitor.post(path, data=picture).get_data(as_text=True)
    form = {"prediction_id": prediction_in(page), "label": "1", "csrf_token": csrf_in(page)}
    assert visitor.post("/correct", data=form).status_code == 200
    with database.reading() as session:
        assert session.scalars(select(Drawing.label)).all() == ["1"]
