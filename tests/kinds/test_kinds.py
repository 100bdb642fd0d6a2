"""Each kind of picture is read, and letters in them are not taken for digits."""

import pytest

from tests.kinds.measure import readings
from tests.kinds.registry import KINDS, NUMBERS
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer

COUNT = 6
"""Pictures of each kind; `python -m tests.kinds --count 60` takes more."""

MAX_LOST = 1
"""Of them, by the record of one in a hundred whose strokes are not those of its label."""

QUICK = [kind for kind in KINDS if "50 megapixels" not in kind]

LETTERS = ("frame 3", "box", "circled", "hollow")
MAX_LETTERS = 2
"""Of twice as many, that may pass for digits; of plain ones about 3 % do."""


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(read_bundle(PRETRAINED / "inkling"))


@pytest.mark.parametrize("kind", [*QUICK, *NUMBERS])
def test_nearly_all_pictures_of_a_kind_are_read_and_accepted(recognizer, pen_strokes, kind):
    read = list(readings(kind, recognizer, COUNT))
    assert sum(each.right and each.accepted for each in read) >= COUNT - MAX_LOST


@pytest.mark.parametrize("kind", LETTERS)
def test_a_letter_in_such_a_picture_is_no_digit(recognizer, pen_strokes, kind):
    read = list(readings(kind, recognizer, 2 * COUNT, letters=True))
    assert sum(each.accepted for each in read) <= MAX_LETTERS
