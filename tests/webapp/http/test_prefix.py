"""The site under a path of its host, by setting or as proxies say."""

import json
import re

import pytest
from werkzeug.test import Client

from tests.conftest import installed
from webapp.app import create_app
from webapp.settings import Settings, SettingsError

PASSWORD = "correct horse"
LINK = re.compile(r'(?:href|src|action)="(/[^"]*)"')


@pytest.fixture
def home(tmp_path) -> dict[str, object]:
    return {"home": str(tmp_path), "rate_limit": 0, "admin_password": PASSWORD}


@pytest.fixture(params=["setting, removed", "setting, left", "header"])
def proxied(request, home) -> Client:
    """A client of a proxy that has the site under /digits."""
    by_header = request.param == "header"
    settings = Settings(**home, **({"proxies": 1} if by_header else {"prefix": "/digits"}))
    with installed(settings) as app:

        def proxy(environ, start_response):
            assert environ["PATH_INFO"].startswith("/digits/")
            if request.param != "setting, left":
                environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/digits")
            if by_header:
                environ["HTTP_X_FORWARDED_PREFIX"] = "/digits"
            return app(environ, start_response)

        yield Client(proxy)


def test_every_link_of_every_page_stays_under_the_prefix_and_leads_somewhere(proxied):
    sign_in = proxied.get("/digits/admin/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', sign_in.text)[1]
    signed_in = proxied.post(
        "/digits/admin/login", data={"password": PASSWORD, "csrf_token": token}
    )
    assert signed_in.location == "/digits/admin/"
    missing = "/digits/no-such-page"
    seen, to_ask = set(), ["/digits/", "/digits/admin/", missing]
    while to_ask:
        path = to_ask.pop().partition("#")[0]
        if path in seen:
            continue
        seen.add(path)
        answer = proxied.get(path)
        assert answer.status_code in (200, 302, 404 if path == missing else 405), path
        if answer.location:
            to_ask.append(answer.location)
        elif answer.mimetype == "text/html":
            assert 'data-root="/digits"' in answer.text  # for scripts
            links = LINK.findall(answer.text.replace("&amp;", "&"))
            assert all(link.startswith("/digits/") for link in links), links
            to_ask += links
    assert len(seen) > 30


def test_cookies_belong_to_the_prefix(proxied):
    page = proxied.get("/digits/admin/login")
    language = proxied.get("/digits/language/en")
    for answer in (page, language):
        assert "Path=/digits;" in answer.headers["Set-Cookie"] + ";"


def test_the_contract_and_the_examples_name_the_prefix(proxied):
    assert proxied.get("/digits/api/v1/openapi.json").json["servers"] == [{"url": "/digits"}]
    assert "http://localhost/digits/api/v1/predict" in proxied.get("/digits/api/docs").text


def test_the_api_answers_under_the_prefix(proxied, body):
    answer = proxied.post("/digits/api/v1/predict", data=body, content_type="application/json")
    assert json.loads(answer.data)["digit"] == 7


def test_a_prefix_in_a_header_counts_only_from_a_trusted_proxy(home):
    client = create_app(Settings(**home)).test_client()
    page = client.get("/", headers={"X-Forwarded-Prefix": "/digits"})
    assert 'data-root=""' in page.text


@pytest.mark.parametrize(
    "named", ["//evil.example", "/\\evil.example", "https://evil.example", "/a/../b", '/"x', "/%2f"]
)
def test_what_is_no_plain_path_in_the_header_is_no_prefix(home, named):
    client = create_app(Settings(**home, proxies=1)).test_client()
    answer = client.get("/language/en?back=/about", headers={"X-Forwarded-Prefix": named})
    assert answer.location == "/about"


def test_the_setting_is_stronger_than_the_header(home):
    client = create_app(Settings(**home, proxies=1, prefix="/digits")).test_client()
    answer = client.get("/language/en", headers={"X-Forwarded-Prefix": "/other"})
    assert answer.location == "/digits/"


def test_a_path_that_only_begins_like_the_prefix_is_not_under_it(home):
    client = create_app(Settings(**home, prefix="/digits")).test_client()
    assert client.get("/digits").status_code == 200
    assert client.get("/digitsabout").status_code == 404


@pytest.mark.parametrize("prefix", ["/api", "/models/mine"])
def test_a_prefix_that_is_a_path_of_the_app_is_refused(home, prefix):
    with pytest.raises(SettingsError, match=r"INKLING_PREFIX=.*has such paths itself"):
        create_app(Settings(**home, prefix=prefix))
