"""How sure an answer is, in words."""

import numpy as np
import pytest

from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.prediction import (
    LIKELY,
    SURE,
    DigitPrediction,
    NumberPrediction,
    Unread,
)
from trainer.recognition.preprocess import Prepared
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


@pytest.mark.parametrize(("score", "certainty"), [(0.9, "sure"), (0.5, "likely")])
def test_what_is_not_clearly_a_digit_is_not_sure(score, certainty):
    """However much likelier one of the ten is than the others."""
    probabilities = np.array([0.991, *[0.001] * 9])
    prepared = Prepared(np.zeros((28, 28), np.uint8), (0, 0, 9, 9), True)
    digit = DigitPrediction(prepared, probabilities, score, is_digit=True)
    assert NumberPrediction.of_digit(digit).certainty == certainty
