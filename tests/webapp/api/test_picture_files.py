"""Pictures in each way in which they are sent: as JSON, as a form, and as the body itself."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.webapp.api.test_bad_input import assert_problem
from webapp.http.images import Upload
from webapp.schemas import PredictRequest


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


LOOSE = {
    "in lines": lambda content: "data:image/png;base64," + base64.encodebytes(content).decode(),
    "in lines of MIME": lambda content: (
        "data:image/png;base64,\r\n" + base64.encodebytes(content).decode().replace("\n", "\r\n")
    ),
    "without padding": lambda content: "data:image/png;base64," + encoded(content).rstrip("="),
    "for URLs": lambda content: (
        "data:image/png;base64," + base64.urlsafe_b64encode(content).decode()
    ),
    "with a charset": lambda content: "data:image/png;charset=utf-8;base64," + encoded(content),
    "with a name": lambda content: "data:image/png;name=a%20b.png;base64," + encoded(content),
}


@pytest.fixture
def awkward(seven, encode) -> bytes:
    """A file whose base64 has padding and both characters that differ in URLs."""
    for level in range(100):
        content = encode(seven, "PNG", compress_level=6) + bytes([0xFB, 0xFF] * 3) + bytes(level)
        text = encoded(content)
        if "=" in text and "+" in text and "/" in text:
            return content
    raise AssertionError


@pytest.mark.parametrize("way", LOOSE)
def test_base64_is_read_in_each_usual_way(client, awkward, way):
    response = client.post("/api/v1/predict", json={"image": LOOSE[way](awkward)})
    assert response.status_code == 200, response.data
    assert response.get_json()["digit"] == 7


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/explain"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "AVIF"])
def test_a_picture_file_may_be_the_body(client, seven, encode, path, kind):
    content = encode(seven, kind)
    response = client.post(path, data=content, content_type=f"image/{kind.lower()}")
    assert response.status_code == 200, response.data
    assert response.get_json()["digit"] == 7


def test_the_options_of_a_picture_body_are_in_the_query(client, seven, encode):
    path = "/api/v1/predict?mode=number&model=all"
    answer = client.post(path, data=encode(seven), content_type="image/png").get_json()
    assert answer["text"] == "7"
    assert len(answer["models"]) > 1


@pytest.mark.parametrize("query", ["mode=word", "colour=red"])
def test_wrong_options_of_a_picture_body_are_400(client, seven, encode, query):
    path = f"/api/v1/predict?{query}"
    response = client.post(path, data=encode(seven), content_type="image/png")
    assert_problem(response, 400, "invalid_request")


@pytest.mark.parametrize("content", [b"", b"{}", b"<svg/>"])
def test_a_body_that_is_no_picture_is_415(client, content):
    response = client.post("/api/v1/predict", data=content, content_type="image/png")
    assert_problem(response, 415, "unsupported_picture")


def test_a_picture_body_of_more_than_10_mb_is_413(client):
    for size in (10 * 1024**2 + 1, 16 * 1024**2):
        response = client.post("/api/v1/predict", data=bytes(size), content_type="image/png")
        assert_problem(response, 413, "too_large")


@pytest.mark.parametrize("second", ["image", "other"])
def test_several_files_in_one_form_are_400(client, seven, encode, second):
    files = [("image", (io.BytesIO(encode(seven)), "a.png"))]
    files.append((second, (io.BytesIO(encode(seven)), "b.png")))
    data = {}
    for name, file in files:
        data.setdefault(name, []).append(file)
    response = client.post("/api/v1/predict", data=data)
    assert_problem(response, 400, "one_picture")
    assert "/api/v1/batch" in response.get_json()["detail"]  # which reads many
    assert "own request" in response.get_json()["detail"]


def test_the_page_says_that_one_picture_is_read(client, seven, encode):
    files = [(io.BytesIO(encode(seven)), name) for name in ("a.png", "b.png")]
    response = client.post("/", data={"image": files})
    assert response.status_code == 400
    assert "one picture" in response.get_data(as_text=True)


def test_the_contract_names_the_picture_body_and_its_options(client):
    contract = client.get("/api/v1/openapi.json").get_json()
    for path in ("/api/v1/predict", "/api/v1/explain"):
        operation = contract["paths"][path]["post"]
        assert "image/*" in operation["requestBody"]["content"]
        assert {each["name"] for each in operation["parameters"]} == {"mode", "model"}


def test_the_scale_of_gray_values_is_found(client, seven, encode):
    few = np.round((255 - seven) / 255 * 16).astype(np.uint8)
    deep = Image.fromarray((seven.astype(np.uint32) * 4095 // 255).astype(np.uint16))
    for picture in (few, deep):
        response = client.post("/api/v1/predict", data=encode(picture), content_type="image/png")
        assert response.get_json()["digit"] == 7, response.data


def animated() -> bytes:
    file = io.BytesIO()
    frames = [Image.new("L", (140, 140), shade) for shade in (255, 200, 100)]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    return file.getvalue()


def with_profile() -> bytes:
    file = io.BytesIO()
    Image.new("L", (140, 140), 255).save(
        file, "PNG", icc_profile=np.random.default_rng(0).bytes(8000)
    )
    return file.getvalue()


@pytest.mark.parametrize("picture", [animated, with_profile])
def test_only_a_plain_png_counts_as_a_drawing_of_a_canvas(encode, picture, seven):
    """What else a PNG may hold takes longer to decode, and has to leave the greenlet."""
    options = PredictRequest(image="")
    assert Upload(encode(seven), options).is_drawing
    assert not Upload(picture(), options).is_drawing
