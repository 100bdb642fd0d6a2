"""Mode auto: digits well apart are a number, and one digit stays one digit."""

import base64

import numpy as np
import pytest

from tests.handwriting import write
from trainer.data.rendering.numbers import compose_number
from trainer.recognition.image import as_png
from trainer.recognition.strokes import draw_plain


def predicted(client, pixels: np.ndarray, mode: str = "auto") -> dict:
    url = "data:image/png;base64," + base64.b64encode(as_png(pixels)).decode()
    answer = client.post("/api/v1/predict", json={"image": url, "mode": mode})
    assert answer.status_code == 200
    return answer.get_json()


@pytest.mark.parametrize("text", ["471", "28", "12\n34"])
def test_digits_well_apart_are_a_number(client, drawings, text):
    picture = write(text, drawings, np.random.default_rng(3))
    found = predicted(client, picture)
    assert (found["text"], found["several_digits"]) == (text, False)
    assert [each["row"] for each in found["digits"]] == [
        number for number, row in enumerate(text.split("\n")) for _ in row
    ]
    assert len({each["seen"] for each in found["digits"]}) == len(found["digits"])


def test_one_digit_is_read_as_in_mode_digit(client, drawings):
    for digit, strokes in drawings.items():
        found, expected = (predicted(client, draw_plain(strokes), m) for m in ("auto", "digit"))
        assert found["digit"] == digit
        assert len(found["digits"]) == 1
        assert found["probabilities"] == expected["probabilities"]


LOOSE = {
    "5": [[(70, 20), (30, 20)], [(36, 30), (34, 60), (60, 60), (70, 80), (55, 100), (30, 95)]],
    "4": [[(30, 20), (25, 65), (72, 65)], [(62, 24), (60, 105)]],
    "÷": [[(50, 20), (52, 22)], [(20, 60), (80, 60)], [(50, 100), (52, 98)]],
    "=": [[(20, 45), (80, 45)], [(20, 75), (80, 75)]],
    "i": [[(50, 15), (52, 17)], [(50, 40), (50, 100)]],
}


@pytest.mark.parametrize("name", LOOSE)
def test_loose_strokes_of_one_sign_are_no_number(client, name):
    found = predicted(client, draw_plain([np.array(line, float) for line in LOOSE[name]]))
    assert len(found["digits"]) == 1
    assert found["text"] in (name, "") or name in "i"


def test_a_number_is_found_in_strokes_without_a_picture(client, drawings):
    lines = compose_number([drawings[digit] for digit in (4, 0, 7)], np.random.default_rng(1))
    strokes = [(100 * line).tolist() for line in lines]
    body = {"strokes": strokes, "pen": 7, "mode": "auto"}
    answer = client.post("/api/v1/predict", json=body).get_json()
    assert (answer["text"], len(answer["digits"])) == ("407", 3)
