"""How sure an answer is, in words."""

import numpy as np
import pytest

from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.prediction import LIKELY, SURE, NumberPrediction, Unread
from trainer.recognition.recognizer import Recognizer


@pytest.mark.parametrize(
    ("is_number", "confidence", "unread", "certainty"),
    [
        (True, SURE, 0, "sure"),
        (True, 1.0, 1, "likely"),
        (True, LIKELY, 0, "likely"),
        (True, LIKELY - 0.01, 0, "unsure"),
        (False, 1.0, 0, "not_a_digit"),
    ],
)
def test_only_an_accepted_answer_that_leaves_no_ink_unread_is_sure(
    is_number, confidence, unread, certainty
):
    left = [Unread((0, 0, 3, 3), "mark")] * unread
    assert NumberPrediction([], is_number, confidence, [], left).certainty == certainty


def test_an_image_is_read_as_its_mode_says(seven):
    recognizer = Recognizer(read_bundle(PRETRAINED / "inkling"))
    inputs = ModelInputs(np.hstack([seven, seven]))
    assert recognizer.read_as(inputs, "number").text == "77"
    assert len(recognizer.read_as(inputs, "digit").digits) == 1
