"""The sheet in pages of other sites."""

import io

import pytest

from tests.conftest import installed
from webapp.app import create_app
from webapp.settings import Settings

COURSE = "https://course.example"


@pytest.fixture
def client(tmp_path):
    with installed(Settings(home=str(tmp_path), frame_ancestors=COURSE)) as app:
        yield app.test_client()


def test_only_the_embedded_sheet_may_be_framed_and_only_by_the_origins_of_the_list(client):
    allowed = client.get("/embed").headers["Content-Security-Policy"]
    assert f"frame-ancestors {COURSE}" in allowed
    for path in ("/", "/admin/login", "/no-such-page", "/api/v1/models"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy


def test_it_is_not_there_by_default(tmp_path):
    client = create_app(Settings(home=str(tmp_path))).test_client()
    answer = client.get("/embed")
    assert answer.status_code == 404
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_it_has_the_pad_and_the_bars_and_neither_navigation_nor_feedback(client):
    page = client.get("/embed").text
    assert 'id="pad"' in page
    assert 'id="bars"' in page
    assert not [part for part in ("<nav", "<footer", 'id="correct"', "csrf") if part in page]


def test_it_sets_no_cookie_even_for_an_upload_without_scripts(client, seven, encode):
    upload = {"image": (io.BytesIO(encode(seven)), "seven.png")}
    answer = client.post("/embed", data=upload)
    assert answer.status_code == 200
    assert '<p id="answer">7</p>' in answer.text
    for each in (answer, client.get("/embed")):
        assert "Set-Cookie" not in each.headers


def test_its_address_chooses_language_and_mode(client):
    page = client.get("/embed?language=zh-Hans&mode=number").text
    assert '<html lang="zh-Hans">' in page
    assert '<option value="number" selected>' in page
