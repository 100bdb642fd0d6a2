"""Hostile and broken requests: each gets the right problem, and the next request is served."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.trainer.recognition.test_image import png
from webapp.app import create_app
from webapp.settings import Settings


def post(client, body, kind="application/json"):
    return client.post("/api/v1/predict", data=body, content_type=kind)


def post_picture(client, content: bytes, kind="image/png"):
    url = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return client.post("/api/v1/predict", json={"image": url})


def assert_problem(response, status, code):
    assert response.status_code == status, response.data
    assert response.mimetype == "application/problem+json"
    problem = response.get_json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-ID"]


GOOD = "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"hello", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"image": "\xff"}', "not_json"),
        (b"[]", "invalid_request"),
        (b"[" * 100_000, "invalid_request"),
        (b'{"image": "", "strokes": ' + b"[" * 100_000, "invalid_request"),
        (b"null", "invalid_request"),
        (b"{}", "invalid_request"),
        (b'{"image": 7}', "invalid_request"),
        (b'{"image": null}', "invalid_request"),
        (b'{"image": ["data:image/png;base64,AAAA"]}', "invalid_request"),
        (json.dumps({"image": GOOD, "mode": "word"}).encode(), "invalid_request"),
        (json.dumps({"image": GOOD, "mode": 3}).encode(), "invalid_request"),
        (json.dumps({"image": GOOD, "model": 3}).encode(), "invalid_request"),
        (json.dumps({"image": GOOD, "colour": "red"}).encode(), "invalid_request"),
        (json.dumps({"image": GOOD, "strokes": "zigzag"}).encode(), "invalid_request"),
        (json.dumps({"image": GOOD, "strokes": [[[1]]]}).encode(), "invalid_request"),
        (json.dumps({"image": ""}).encode(), "not_a_data_url"),
        (json.dumps({"image": "https://example.org/7.png"}).encode(), "not_a_data_url"),
        (json.dumps({"image": "data:image/png,plain"}).encode(), "not_a_data_url"),
        (json.dumps({"image": "data:;base64,AAAA"}).encode(), "not_a_data_url"),
        (json.dumps({"image": "data:image/png;base64,A"}).encode(), "broken_base64"),
        (json.dumps({"image": "data:image/png;base64,????"}).encode(), "broken_base64"),
        (json.dumps({"image": "data:image/png;base64,AA==AA"}).encode(), "broken_base64"),
        (json.dumps({"image": "data:image/png;base64,\u00e9\u00e9"}).encode(), "broken_base64"),
    ],
)
def test_an_invalid_body_is_400(client, body, code):
    assert_problem(post(client, body), 400, code)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_415(client, kind):
    assert_problem(post(client, b"{}", kind), 415, "unsupported_media_type")


def test_a_form_without_a_picture_is_400(client):
    response = client.post(
        "/api/v1/predict", data={"image": "text"}, content_type="multipart/form-data"
    )
    assert_problem(response, 400, "invalid_request")


def test_a_form_with_a_broken_boundary_is_400(client):
    assert_problem(post(client, b"nonsense", "multipart/form-data"), 400, "invalid_request")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF",
        b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
        b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x 'y'>]><svg/>",
        b"%PDF-1.7",
        b"MZ" + bytes(100),
    ],
)
def test_an_unsupported_picture_is_415(client, content):
    assert_problem(post_picture(client, content, "image/svg+xml"), 415, "unsupported_picture")


def test_an_unsupported_image_format_is_415_whatever_its_name(client, seven, encode):
    response = post_picture(client, encode(seven, "ICO"), "image/png")
    assert_problem(response, 415, "unsupported_picture")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_picture_is_422(client, seven, encode, kind):
    content = encode(seven, kind)
    assert_problem(post_picture(client, content[: len(content) * 2 // 3]), 422, "broken_picture")


def test_a_png_that_lies_about_its_size_is_422(client):
    assert_problem(post_picture(client, png(500, 500, bytes(100))), 422, "broken_picture")


@pytest.mark.parametrize(("width", "height"), [(5001, 5000), (40_000, 40_000), (2**31 - 1, 2)])
def test_huge_dimensions_are_413(client, width, height):
    assert_problem(post_picture(client, png(width, height, b"")), 413, "too_large")


def test_a_decompression_bomb_is_413_or_422_and_the_app_survives(client, seven, encode):
    assert_problem(
        post_picture(client, png(30_000, 30_000, bytes(900_000_000 // 100))), 413, "too_large"
    )
    assert post_picture(client, encode(seven)).status_code == 200


@pytest.mark.parametrize("size", [(0, 0), (0, 10), (10, 0)])
def test_an_image_without_pixels_is_422(client, size):
    assert_problem(post_picture(client, png(*size, b"")), 422, "broken_picture")


def test_more_than_10_mb_in_json_are_413(client):
    assert_problem(post_picture(client, bytes(10 * 1024**2 + 1)), 413, "too_large")
    assert_problem(post(client, b"x" * (16 * 1024**2)), 413, "too_large")


def test_more_than_10_mb_in_a_form_are_413(client):
    for size in (10 * 1024**2 + 1, 16 * 1024**2):
        data = {"image": (io.BytesIO(bytes(size)), "big.png")}
        assert_problem(client.post("/api/v1/predict", data=data), 413, "too_large")


@pytest.mark.parametrize("shade", [0, 255])
def test_an_empty_drawing_is_422(client, encode, shade):
    blank = encode(Image.new("L", (280, 280), shade))
    assert_problem(post_picture(client, blank), 422, "empty_drawing")


def test_an_unknown_model_is_400_and_the_known_ones_are_named(client, seven, encode):
    url = f"data:image/png;base64,{base64.b64encode(encode(seven)).decode()}"
    for name in ("oracle", "../inkling", "", "a" * 10_000):
        response = client.post("/api/v1/predict", json={"image": url, "model": name})
        if name:
            assert_problem(response, 400, "unknown_model")
        else:
            assert response.status_code == 200  # the default


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16", "PA"])
def test_every_kind_of_png_is_read(client, seven, encode, mode):
    if mode == "I;16":
        image = Image.fromarray(seven.astype(np.uint16) * 257)
    elif mode == "PA":
        image = Image.fromarray(seven).convert("P")
        image.info["transparency"] = 3
    elif mode == "LA":
        image = Image.merge("LA", [Image.fromarray(seven), Image.new("L", (140, 140), 255)])
    else:
        image = Image.fromarray(seven).convert(mode)
    response = post_picture(client, encode(image))
    assert response.status_code == 200, response.data
    assert response.get_json()["digit"] == 7


def test_a_cmyk_jpeg_is_read(client, seven, encode):
    content = encode(Image.fromarray(seven).convert("RGB").convert("CMYK"), "JPEG")
    assert post_picture(client, content).get_json()["digit"] == 7


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_read(client, seven, encode, kind):
    blank = Image.new("L", (140, 140), 255)
    content = encode(Image.fromarray(seven), kind, save_all=True, append_images=[blank])
    assert post_picture(client, content).get_json()["digit"] == 7


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/predict", 405),
        ("POST", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/models", 405),
    ],
)
def test_unknown_paths_and_methods_are_problems(client, method, path, status):
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    if status == 405:
        assert response.headers["Allow"]


def test_an_internal_error_is_a_500_that_reveals_only_the_request_id(
    app, seven, encode, monkeypatch
):
    monkeypatch.setattr("webapp.api.predict.answer", lambda *_: 1 / 0)
    response = post_picture(app.test_client(), encode(seven))
    assert_problem(response, 500, "internal_error")
    assert b"ZeroDivision" not in response.data


@pytest.fixture(scope="module")
def lasting_client(tmp_path_factory):
    return create_app(
        Settings(home=str(tmp_path_factory.mktemp("home")), rate_limit=0)
    ).test_client()


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=300))
def test_any_bytes_as_json_are_a_400(lasting_client, body):
    assert post(lasting_client, body).status_code == 400


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=300),
    head=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"]),
)
def test_any_bytes_as_a_picture_are_a_problem(lasting_client, head, content):
    assert post_picture(lasting_client, head + content).status_code in {200, 413, 415, 422}


@pytest.mark.parametrize("host", ["a..b", "a" * 70])
@pytest.mark.parametrize("path", ["/", "/healthz", "/static/draw.js"])
def test_a_host_that_is_none_is_refused(client, host, path):
    assert_problem(client.get(path, headers={"Host": host}), 400, "http_error")


def test_a_file_name_that_is_too_long_is_not_found(client):
    assert client.get(f"/static/{'a' * 300}").status_code == 404


def test_a_map_of_a_picture_in_other_colors_is_refused(client):
    file = io.BytesIO()
    Image.new("LAB", (28, 28)).save(file, "TIFF")
    url = f"data:image/tiff;base64,{base64.b64encode(file.getvalue()).decode()}"
    asked = {"seen": url, "stage": "conv1", "index": 0}
    assert client.post("/models/lenet5/inside/map", json=asked).status_code in {400, 422}


@pytest.mark.parametrize("path", ["/", "/compare", "/models/inkling/inside"])
def test_bearer_clients_get_problem_details_from_pages_too(client, path):
    file = (io.BytesIO(b"no picture"), "bad.png")
    bearer = {"Authorization": "Bearer something"}
    answer = client.post(path, data={"image": file}, headers=bearer)
    assert_problem(answer, 415, "unsupported_picture")
    assert client.post(path, headers=bearer).mimetype == "application/problem+json"
