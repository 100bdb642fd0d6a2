import io
import re
from pathlib import Path

import numpy as np
import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.app import create_app
from webapp.pages import text
from webapp.settings import Settings

PAGES = [
    "/",
    "/compare",
    "/models",
    "/models/inkling",
    "/models/rnn/inside",
    "/learn",
    "/class",
    "/about",
    "/api/docs",
    "/no-such-page",
]
CATALOGUE = Path("webapp/translations/zh_Hans/LC_MESSAGES")


def html(response) -> str:
    return response.get_data(as_text=True)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("asked", "tag", "word"),
    [
        ("en", "en", "Draw"),
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh-Hans", "书写"),
        ("zh", "zh-Hans", "书写"),
        ("fr,de", "en", "Draw"),
        ("", "en", "Draw"),
    ],
)
def test_a_page_is_in_the_browsers_language(client, path, asked, tag, word):
    response = client.get(path, headers={"Accept-Language": asked})
    assert f'<html lang="{tag}">' in html(response)
    assert word in html(response)


@pytest.mark.parametrize("path", PAGES)
def test_chinese_has_no_space_between_sentences(client, path):
    page = html(client.get(path, headers={"Accept-Language": "zh"}))
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert re.findall(r".{9}[。？！]\s+[^\s<[].{9}", shown) == []


def test_sentences_are_joined_as_each_language_does(app):
    for language, joined in (("en", "One. Two."), ("zh-Hans", "One.Two.")):
        with app.test_request_context(f"/?language={language}"):
            assert text.joined("One.", "Two.") == joined


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", ["/", "/compare", "/models", "/learn", "/api/docs", "/about"])
def test_navigation_and_heading_use_the_same_name_for_a_page(client, path, language):
    page = html(client.get(path, headers={"Accept-Language": language}))
    link = re.search(r'<a [^>]*aria-current="page">([^<]+)</a>', page)
    heading = re.search(r"<h1[^>]*>([^<]+)</h1>", page)
    assert link[1] == heading[1]


def test_the_confirmation_button_and_the_accuracy_column_have_their_own_translations(client):
    page = html(client.get("/", headers={"Accept-Language": "zh"}))
    assert re.search(r'<button id="right"[^>]*>正确</button>', page)
    assert "准确率" in html(client.get("/models/inkling", headers={"Accept-Language": "zh"}))


def test_the_language_is_remembered_and_the_switch_leads_back(client):
    response = client.get("/language/zh-Hans?back=/about", headers={"Accept-Language": "en"})
    assert response.status_code == 302
    assert response.location == "/about"
    assert "书写" in html(client.get("/", headers={"Accept-Language": "en"}))
    client.get("/language/en")
    assert "书写" not in html(client.get("/", headers={"Accept-Language": "zh"})).split("<main")[1]


def test_the_camera_is_for_this_site_alone(client):
    assert "camera=(self)" in client.get("/").headers["Permissions-Policy"]
    parts = client.get("/parts/pictures", headers={"Accept-Language": "en"})
    assert "Take the picture" in html(parts)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_language_switch_never_leads_to_another_host(client, back):
    assert client.get("/language/en", query_string={"back": back}).location == "/"


def test_the_language_switch_leads_back_to_the_page(client):
    for back in ("/", "/models/inkling", "/api/docs"):
        assert client.get("/language/en", query_string={"back": back}).location == back


def test_the_page_of_a_model_shows_its_performance_training_and_errors(client):
    card = read_bundle(PRETRAINED / "lenet5").card
    listed = html(client.get("/models"))
    assert 'href="/models/lenet5"' in listed
    page = html(client.get("/models/lenet5"))
    for evaluation in card.evaluations:
        assert f"{100 * evaluation.accuracy:.2f} %" in page
        assert evaluation.wrong[0].seen in page
    assert page.count("<polyline") == 4
    points = page.split('points="')[1].split('"')[0].split()
    assert len(points) == len(card.history)
    for chart in page.split('<figure class="chart">')[1:]:
        title = re.search(r"<figcaption>(.*)</figcaption>", chart)[1]
        assert chart.count("<polyline") == (1 if "loss" in title else 2), title
    assert str(card.evaluations[0].confusion[7][7]) in page
    assert card.command in page


def test_an_unknown_model_has_no_page(client):
    for name in ("nowhere", "..", "inkling/card.json"):
        assert client.get(f"/models/{name}").status_code == 404


def test_an_unknown_language_is_not_found(client):
    assert client.get("/language/tlh").status_code == 404


def test_every_string_is_translated_and_compiled():
    with (CATALOGUE / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    with (CATALOGUE / "messages.mo").open("rb") as file:
        compiled = read_mo(file)
    messages = [message for message in catalogue if message.id]
    assert len(messages) > 80
    assert [m.id for m in messages if not m.string or m.fuzzy] == []
    assert {m.id: m.string for m in messages} == {m.id: m.string for m in compiled if m.id}
    for message in messages:
        placeholders = [
            sorted(re.findall(r"\{\w+\}|%\(\w+\)s", s)) for s in (message.id, message.string)
        ]
        assert placeholders[0] == placeholders[1], message.id


def test_an_upload_without_scripts_is_answered_on_the_page(client, seven, encode):
    page = html(client.post("/", data={"image": (io.BytesIO(encode(seven)), "7.png")}))
    assert '<p id="answer">7</p>' in page
    probability = re.search(r'data-digit="7" data-probability="([\d.]+)"', page)
    assert float(probability[1]) > 0.5
    assert "data:image/png;base64," in page


def test_without_scripts_too_no_bar_stands_out_where_the_answer_is_no_digit(client, encode):
    import cv2

    cross = np.full((140, 140), 255, np.uint8)
    cv2.line(cross, (20, 20), (120, 120), 0, 9, cv2.LINE_AA)
    cv2.line(cross, (120, 20), (20, 120), 0, 9, cv2.LINE_AA)
    page = html(client.post("/", data={"image": (io.BytesIO(encode(cross)), "x.png")}))
    assert "That doesn’t look like a digit." in page
    assert 'class="best"' not in page
    assert re.search(r'<td class="share">\d+\.\d %</td>', page)
    page = html(client.post("/compare", data={"image": (io.BytesIO(encode(cross)), "x.png")}))
    ours = page.split('data-model="inkling"')[1].split("</article>")[0]
    assert 'class="best"' not in ours
    assert '<span class="digit"></span>' in ours


def test_each_language_writes_per_cent_in_one_way(client):
    for language, number in (("en", r"\d+\.\d\d %"), ("zh", r"\d+\.\d\d%")):
        page = html(client.get("/models", headers={"Accept-Language": language}))
        cells = re.findall(r"<td>([^<]*%)</td>", page)
        assert len(cells) > 10
        assert [each for each in cells if not re.fullmatch(number, each)] == []


def test_a_huge_upload_without_scripts_is_explained_in_words(client):
    response = client.post("/", data={"image": (io.BytesIO(bytes(16 * 1024**2)), "7.png")})
    assert response.status_code == 413
    assert "too large" in html(response)


def test_an_invalid_upload_without_scripts_is_explained_in_words(client):
    response = client.post("/", data={"image": (io.BytesIO(b"hello"), "7.png")})
    assert response.status_code == 415
    assert "not a picture" in html(response)


@pytest.mark.parametrize("path", [*PAGES, "/api/v1/models", "/static/draw.js"])
def test_every_response_has_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_contains_nothing_that_the_policy_forbids_and_no_other_host(client, path):
    page = html(client.get(path))
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
    assert not re.search(r'(src|href|action)="(https?:)?//', page)


def test_sentences_match_the_certainty(app):
    from webapp.schemas import DigitReading, ModelVersion, Prediction, UnreadInk

    def say(certainty, number, several=False, unread=0):
        probabilities = [0.0] * 10
        probabilities[int(number[-1])], probabilities[1] = 0.7, 0.2
        reading = DigitReading(
            digit=7, confidence=0.7, probabilities=probabilities, is_digit=True,
            digit_score=0.7, box=[0, 0, 1, 1],
        )  # fmt: skip
        prediction = Prediction(
            digit=7, confidence=0.7, probabilities=probabilities, is_digit=True,
            digit_score=0.7, certainty=certainty, text=number, several_digits=several,
            digits=[reading] * len(number), prediction_id="", seen="", inverted=True,
            model=ModelVersion(name="", version=""), models=[], elapsed_ms=1.0,
            unread=[UnreadInk(box=[0, 0, 1, 1], reason="mark")] * unread,
        )  # fmt: skip
        with app.test_request_context():
            return text.sentence(prediction)

    assert say("sure", "7") == "It’s a 7."
    assert say("likely", "8") == "Probably an 8."
    assert say("unsure", "7") == "A 7, or maybe a 1."
    assert say("not_a_digit", "7") == "That doesn’t look like a digit."
    assert say("not_a_digit", "7", several=True) == "That looks like several digits."
    assert say("sure", "407") == "It’s 407."
    assert say("likely", "407") == "Probably 407."
    assert say("unsure", "407") == "Maybe 407."
    assert say("not_a_digit", "407") == "That doesn’t look like a number."
    assert say("likely", "12", unread=1) == "Probably 12. There is a mark I can’t read."
    assert say("unsure", "7", unread=2) == "A 7, or maybe a 1. There are marks I can’t read."
    assert say("sure", "12\n34") == "It’s 12; 34."


def test_a_safe_request_id_is_kept_and_an_unsafe_one_replaced(client):
    assert (
        client.get("/healthz", headers={"X-Request-ID": "abc-1.2_3"}).headers["X-Request-ID"]
        == "abc-1.2_3"
    )
    for bad in ("a b", "x" * 65, "é", "a;b"):
        given = client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_forwarded_addresses_are_trusted_only_behind_configured_proxies(tmp_path):
    from flask import request

    for proxies, expected in ((0, "127.0.0.1"), (1, "203.0.113.7")):
        app = create_app(Settings(home=str(tmp_path), proxies=proxies))
        app.add_url_rule("/whoami", view_func=lambda: request.remote_addr or "")
        answer = app.test_client().get("/whoami", headers={"X-Forwarded-For": "203.0.113.7"})
        assert html(answer) == expected


def test_the_reference_of_the_api_marks_code_and_leads_to_its_parts(client):
    page = html(client.get("/api/docs"))
    assert "`" not in page
    assert "<code>empty_drawing</code>" in page
    contents = page.split('<nav class="contents"')[1].split("</nav>")[0]
    targets = re.findall(r'href="#([^"]+)"', contents)
    assert len(targets) > 12
    assert [each for each in targets if f'id="{each}"' not in page] == []
