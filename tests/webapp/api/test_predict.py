import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from trainer.data.datasets.mnist import stored
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import compose_number


def data_url(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_it_reads_a_data_url(client, seven, encode):
    response = client.post("/api/v1/predict", json={"image": data_url(encode(seven))})
    assert response.status_code == 200
    answer = response.get_json()
    assert answer["digit"] == 7
    assert answer["text"] == "7"
    assert answer["confidence"] == max(answer["probabilities"])
    assert sum(answer["probabilities"]) == pytest.approx(1)
    assert len(answer["probabilities"]) == 10
    assert answer["is_digit"] is True
    assert 0 <= answer["digit_score"] <= 1
    assert answer["model"]["name"] == "inkling"
    assert len(answer["model"]["version"]) == 12
    assert answer["elapsed_ms"] > 0
    assert answer["digits"][0]["digit"] == 7


def test_the_box_encloses_the_ink(client, seven, encode):
    answer = client.post("/api/v1/predict", json={"image": data_url(encode(seven))}).get_json()
    assert answer["digits"][0]["box"] == pytest.approx([30, 25, 75, 95], abs=3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_box_is_in_pixels_of_the_picture_that_was_sent_however_large(
    client, seven, encode, kind
):
    large = np.kron(seven, np.ones((20, 20), np.uint8))  # 2800×2800
    answer = client.post(
        "/api/v1/predict", json={"image": data_url(encode(large, kind))}
    ).get_json()
    assert answer["digits"][0]["box"] == pytest.approx([600, 500, 1500, 1900], abs=60)


def test_the_preview_is_a_28_by_28_picture(client, seven, encode):
    answer = client.post("/api/v1/predict", json={"image": data_url(encode(seven))}).get_json()
    prefix, _, encoded = answer["seen"].partition(",")
    assert prefix == "data:image/png;base64"
    seen = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert seen.size == (28, 28)
    assert np.asarray(seen)[0, 0] == 0  # light ink on black


def test_it_reads_a_multipart_upload(client, seven, encode):
    file = (io.BytesIO(encode(seven, "JPEG")), "holiday.txt")  # the name means nothing
    response = client.post("/api/v1/predict", data={"image": file, "model": "inkling"})
    assert response.status_code == 200
    assert response.get_json()["digit"] == 7


def test_each_prediction_has_its_own_id(client, seven, encode):
    body = {"image": data_url(encode(seven))}
    ids = {client.post("/api/v1/predict", json=body).get_json()["prediction_id"] for _ in range(3)}
    assert len(ids) == 3


def test_strokes_may_accompany_the_picture(client, seven, encode):
    body = {"image": data_url(encode(seven)), "mode": "digit", "strokes": [[[1, 2], [3, 4, 0.5]]]}
    assert client.post("/api/v1/predict", json=body).status_code == 200


def test_it_reads_a_drawing_of_each_digit(client, drawings, encode):
    look = RenderStyle(pen=12)
    right = 0
    for label, lines in drawings.items():
        body = {"image": data_url(encode(render(lines, look)))}
        right += client.post("/api/v1/predict", json=body).get_json()["digit"] == label
    assert right >= 9


def test_the_api_recognizes_99_5_percent_of_mnist(client, mnist, encode):
    pictures, labels = (each[::5] for each in stored(mnist, is_test=True))
    right = 0
    for picture, label in zip(pictures, labels, strict=True):
        response = client.post("/api/v1/predict", json={"image": data_url(encode(picture))})
        right += response.get_json()["digit"] == label
    assert right >= 0.995 * len(labels)


@pytest.fixture
def number(drawings):
    """An image of 407."""
    rng = np.random.default_rng(1)
    strokes = compose_number([drawings[digit] for digit in (4, 0, 7)], rng)
    return render(strokes, RenderStyle(side=560, size=0.8, pen=11))


def test_a_number_is_read_with_a_box_for_each_digit(client, number, encode):
    body = {"image": data_url(encode(number)), "mode": "number"}
    answer = client.post("/api/v1/predict", json=body).get_json()
    assert answer["text"] == "407"
    assert answer["is_digit"] is True
    assert [digit["digit"] for digit in answer["digits"]] == [4, 0, 7]
    lefts = [digit["box"][0] for digit in answer["digits"]]
    assert lefts == sorted(lefts)
    least = min(answer["digits"], key=lambda digit: digit["confidence"])
    assert (answer["digit"], answer["probabilities"]) == (least["digit"], least["probabilities"])
    assert 0.9 < answer["confidence"] <= least["confidence"]
    assert answer["several_digits"] is False


def test_a_number_can_be_uploaded_as_a_form(client, number, encode):
    file = (io.BytesIO(encode(number)), "407.png")
    answer = client.post("/api/v1/predict", data={"image": file, "mode": "number"}).get_json()
    assert answer["text"] == "407"


def test_a_number_read_as_a_digit_says_that_there_are_several(client, number, encode):
    answer = client.post("/api/v1/predict", json={"image": data_url(encode(number))}).get_json()
    assert answer["is_digit"] is False
    assert answer["text"] == ""
    assert answer["several_digits"] is True
    assert len(answer["digits"]) == 1


def test_a_scribble_does_not_look_like_several_digits(client, number, encode):
    picture = np.hstack([number, np.full((560, 1400), 255, np.uint8)])
    for y in (200, 300, 400):
        cv2.line(picture, (640, y), (1900, y), 0, 11)
    cv2.line(picture, (640, 200), (640, 400), 0, 11)
    image = data_url(encode(picture))
    asked = client.post("/api/v1/predict", json={"image": image, "mode": "number"}).get_json()
    assert (len(asked["digits"]), asked["text"]) == (3, "")  # read surely, but not all of it
    answer = client.post("/api/v1/predict", json={"image": image}).get_json()
    assert answer["several_digits"] is False


def test_one_digit_read_as_a_number_is_a_number_of_one(client, seven, encode):
    body = {"image": data_url(encode(seven)), "mode": "number"}
    answer = client.post("/api/v1/predict", json=body).get_json()
    assert (answer["text"], answer["digit"], len(answer["digits"])) == ("7", 7, 1)


@pytest.fixture
def rows_and_marks(drawings):
    """Draw a text in one hand: `rows_and_marks("12\\n34")`."""
    from tests.handwriting import write

    return lambda text: write(text, drawings, np.random.default_rng(4))


def test_the_rows_of_a_number_are_lines_of_its_text(client, rows_and_marks, encode):
    body = {"image": data_url(encode(rows_and_marks("40\n72"))), "mode": "number"}
    answer = client.post("/api/v1/predict", json=body).get_json()
    assert answer["text"] == "40\n72"
    assert [each["row"] for each in answer["digits"]] == [0, 0, 1, 1]
    assert answer["unread"] == []


@pytest.mark.parametrize("text", ["4+7", "4,7", "4.7", "(47"])
def test_ink_that_is_no_digit_is_named_and_the_answer_is_not_sure(
    client, rows_and_marks, encode, text
):
    body = {"image": data_url(encode(rows_and_marks(text))), "mode": "number"}
    answer = client.post("/api/v1/predict", json=body).get_json()
    assert answer["text"] == "47"
    (unread,) = answer["unread"]
    assert unread["reason"] in {"mark", "not_a_digit"}
    assert len(unread["box"]) == 4
    assert answer["certainty"] != "sure"


@pytest.mark.parametrize("text", ["-7", "7-", "7,"])
def test_the_mark_beside_a_single_digit_is_named_and_the_answer_is_not_sure(
    client, rows_and_marks, encode, text
):
    answer = client.post(
        "/api/v1/predict", json={"image": data_url(encode(rows_and_marks(text)))}
    ).get_json()
    assert (answer["text"], len(answer["unread"])) == ("7", 1)
    assert answer["certainty"] != "sure"


@pytest.mark.parametrize("mode", ["digit", "number"])
def test_a_scribble_is_not_a_digit(client, encode, mode):
    canvas = np.full((280, 280), 255, np.uint8)
    points = np.random.default_rng(0).integers(30, 250, (40, 2)).astype(np.int32)
    cv2.polylines(canvas, [points], False, 0, 6, cv2.LINE_AA)
    body = {"image": data_url(encode(canvas)), "mode": mode}
    answer = client.post("/api/v1/predict", json=body).get_json()
    assert answer["is_digit"] is False
    assert answer["text"] == ""
    assert answer["certainty"] == "not_a_digit"


def test_a_form_may_carry_a_large_picture(client, seven, encode):
    """Parsers of forms limit what they buffer, and pictures come in chunks of 64 kB."""
    grain = np.random.default_rng(0).integers(0, 9, (840, 840))
    large = np.kron(seven, np.ones((6, 6), np.uint8))
    content = encode(np.clip(large - grain.astype(int), 0, 255).astype(np.uint8))
    assert len(content) > 300_000
    answer = client.post("/api/v1/predict", data={"image": (io.BytesIO(content), "7.png")})
    assert answer.status_code == 200, answer.text


SEVEN = [[[35.0, 30.0], [70.0, 32.0], [100.0, 30.0], [85.0, 70.0], [65.0, 115.0]]]


def test_strokes_without_a_picture_are_drawn_and_read(client):
    answer = client.post("/api/v1/predict", json={"strokes": SEVEN, "pen": 9}).get_json()
    assert (answer["text"], answer["certainty"]) == ("7", "sure")
    elsewhere = [[[1e4 + 9 * x, 9 * y - 1e4, 0.5] for x, y in line] for line in SEVEN]
    for request in ({"strokes": elsewhere, "pen": 81}, {"strokes": SEVEN}):
        assert client.post("/api/v1/predict", json=request).get_json()["text"] == "7"
    apart = SEVEN + [[[x + 110, y] for x, y in line] for line in SEVEN]
    number = {"strokes": apart, "pen": 9, "mode": "number"}
    answer = client.post("/api/v1/predict", json=number).get_json()
    assert answer["text"] == "77"
    left, right = (digit["box"] for digit in answer["digits"])
    assert 0 < left[0] < left[0] + left[2] < right[0] < right[0] + right[2] < 560
    explained = client.post("/api/v1/explain", json={"strokes": SEVEN, "pen": 9}).get_json()
    assert explained["text"] == "7"


@pytest.mark.parametrize(
    "request_body",
    [
        {},
        {"strokes": []},
        {"strokes": [[]]},
        {"strokes": [[[0, 0], [1e7, 5]]]},
        {"strokes": SEVEN, "pen": 0},
        {"strokes": SEVEN, "pen": 1e9},
        {"strokes": [[[0, 0]] * 3_000] * 9},
    ],
)
def test_strokes_that_cannot_be_drawn_are_refused(client, request_body):
    response = client.post("/api/v1/predict", json=request_body)
    assert (response.status_code, response.get_json()["code"]) == (400, "invalid_request")


def test_who_prefers_it_gets_no_error_for_an_empty_picture(client, encode):
    blank = {"image": data_url(encode(np.full((140, 140), 255, np.uint8)))}
    lenient = {"Prefer": "respond-async, handling=lenient"}
    for path in ("/api/v1/predict", "/api/v1/explain"):
        assert client.post(path, json=blank).get_json()["code"] == "empty_drawing"
        answer = client.post(path, json=blank, headers=lenient)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Preference-Applied"] == "handling=lenient"
        broken = client.post(
            path, json={"image": "data:image/png;base64,aGVsbG8="}, headers=lenient
        )
        assert broken.status_code == 415
