"""Rows, marks and confidence of numbers, in many hands."""

import cv2
import numpy as np
import pytest

from tests.handwriting import MARKS, hands_of, with_mark, write
from trainer.data.samples import Split
from trainer.data.strokes.records import read_split
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.rows import find_rows

SURE = 0.98


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(read_bundle(PRETRAINED / "inkling"))


@pytest.fixture(scope="module")
def hands(pen_strokes):
    return hands_of(read_split(pen_strokes, "digits", Split.VALIDATION))


def some(hands, recognizer, texts, seed=0):
    """Each text in another hand, and how it is read."""
    rng = np.random.default_rng(seed)
    for index, text in enumerate(texts):
        yield text, recognizer.read_number(write(text, hands[index % len(hands)], rng))


def number(rng, length=3):
    return "".join(map(str, rng.integers(0, 10, length)))


def test_rows_are_read_from_top_to_bottom(hands, recognizer):
    rng = np.random.default_rng(0)
    texts = [f"{number(rng)}\n{number(rng, 2)}" for _ in range(20)]
    read = list(some(hands, recognizer, texts))
    assert sum(found.text == text for text, found in read) >= 18
    for text, found in read:
        if found.text == text:
            assert found.rows == [0, 0, 0, 1, 1]


def test_a_single_row_stays_one(hands, recognizer):
    rng = np.random.default_rng(1)
    read = list(some(hands, recognizer, [number(rng, 4) for _ in range(15)]))
    assert sum(found.text == text for text, found in read) >= 14
    assert all(set(found.rows) == {0} for _, found in read)


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_never_passed_over_in_silence(hands, recognizer, mark):
    rng = np.random.default_rng(2)
    texts = [with_mark(number(rng, 2), mark) for _ in range(8)]
    read = list(some(hands, recognizer, texts))
    silent = [found.text for _, found in read if found.confidence >= SURE and not found.unread]
    assert silent == []
    for _, found in read:
        assert {each.reason for each in found.unread} <= {"mark", "not_a_digit"}


@pytest.mark.parametrize("mark", "/+-=%().,:")
def test_most_marks_are_named_and_do_not_become_digits(hands, recognizer, mark):
    rng = np.random.default_rng(3)
    texts = [with_mark(number(rng, 2), mark) for _ in range(8)]
    named = [
        found.text == text.replace(mark, "") and len(found.unread) >= 1
        for text, found in some(hands, recognizer, texts)
    ]
    assert sum(named) >= 5


BOXES = {
    "one row": ([(0, 0, 50, 100), (70, 5, 120, 95)], [0, 0]),
    "two rows": ([(0, 0, 50, 100), (70, 0, 120, 100), (5, 130, 60, 230)], [0, 0, 1]),
    "a 5 with a separate bar": ([(0, 20, 60, 100), (40, 0, 90, 12), (110, 0, 160, 100)], [0] * 3),
    "a dot above": ([(0, 0, 50, 100), (70, 0, 120, 100), (20, -40, 30, -30)], [0] * 3),
    "a slanted line": ([(70 * i, 40 * i, 70 * i + 50, 40 * i + 100) for i in range(5)], [0] * 5),
    "a large digit beside two rows": (
        [(0, 0, 120, 230), (140, 0, 190, 100), (210, 0, 260, 100), (140, 130, 190, 230),
         (210, 130, 260, 230)],
        [0, 0, 0, 1, 1],
    ),
    "an 8 of two loops": ([(0, 0, 50, 100), (70, 0, 120, 48), (70, 52, 120, 100)], [0] * 3),
    "one digit above another": ([(0, 0, 60, 100), (0, 130, 60, 230)], [0, 1]),
    "one digit in two parts": ([(0, 0, 60, 60), (0, 66, 60, 120)], [0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("case", BOXES)
def test_rows_of_boxes(case):
    boxes, rows = BOXES[case]
    assert find_rows(np.array(boxes, np.int64)).tolist() == rows


def test_a_letter_is_not_cut_into_digits_with_certainty(recognizer):
    picture = np.full((220, 220), 255, np.uint8)
    for line in (
        [(70, 40), (70, 180)],
        [(70, 42), (120, 45), (140, 75), (118, 105), (70, 110)],
        [(95, 110), (145, 180)],
    ):
        cv2.polylines(picture, [np.array(line, np.int32)], False, 0, 9, cv2.LINE_AA)
    found = recognizer.read_number(picture)
    assert not found.is_number or found.confidence < SURE


def test_the_confidence_of_numbers_is_calibrated(recognizer):
    measured = recognizer.card.numbers.measured
    assert {each.kind for each in measured} >= {"apart", "touching", "one mark", "two rows"}
    for each in measured:
        error = 2 * (each.accuracy * (1 - each.accuracy) / each.pictures) ** 0.5
        assert abs(each.confidence - each.accuracy) <= max(0.05, error)
        assert sum(part.pictures for part in each.reliability) == each.pictures
