"""Several digits in one picture: taking it apart, and reading the parts."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import put_together
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.preprocess import EmptyDrawing, Parts, preprocess_parts
from trainer.recognition.recognizer import Recognizer

ON_A_CANVAS = RenderStyle(side=560, size=0.8, pen=11)


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(read_bundle(PRETRAINED / "inkling"))


@pytest.fixture(scope="module")
def number(drawings):
    """Paint a number in people's hand: `number("407")`."""

    def draw(text: str, touching: bool = False, look: RenderStyle = ON_A_CANVAS) -> np.ndarray:
        rng = np.random.default_rng(1)
        return render(put_together([drawings[int(c)] for c in text], rng, touching), look)

    return draw


@pytest.mark.parametrize("text", ["7", "10", "407", "2026", "35918", "864201"])
def test_it_reads_a_number_from_left_to_right(recognizer, number, text):
    reading = recognizer.read_number(number(text))
    assert reading.text == text
    assert reading.is_number
    assert 0 <= reading.confidence <= min(digit.confidence for digit in reading.digits)


def test_a_bar_is_near_enough_to_a_wide_5_that_was_cut(recognizer):
    picture = np.full((220, 420), 255, np.uint8)
    seven = np.array([[30, 50], [100, 48], [60, 170]], np.int32)
    body = np.array(
        [[180, 60], [165, 110], [225, 100], [262, 128], [240, 165], [165, 170]], np.int32
    )
    bar = np.array([[255, 62], [310, 56]], np.int32)
    for line in (seven, body, bar):
        cv2.polylines(picture, [line], False, 0, 8, cv2.LINE_AA)
    parts = preprocess_parts(picture).cut([2])
    assert parts.cuts()
    assert (2, len(parts.parts)) in parts.runs()
    assert recognizer.read_number(picture).text == "75"


def test_a_digit_may_be_much_wider_than_high(recognizer):
    picture = np.full((220, 520), 255, np.uint8)
    two = np.array([[45, 75], [85, 55], [125, 75], [100, 115], [45, 155], [130, 150], [240, 162]])
    one = np.array([[330, 55], [325, 165]])
    for line in (two, one):
        cv2.polylines(picture, [line.astype(np.int32)], False, 0, 8, cv2.LINE_AA)
    parts = preprocess_parts(picture).cut([1])
    assert parts.cuts()
    assert (1, len(parts.parts) - 1) in parts.runs()  # all of the 2
    assert recognizer.read_number(picture).text == "21"


def test_each_digit_has_its_box_in_pixels_of_the_picture(recognizer, number):
    picture = number("407")
    boxes = [digit.prepared.box for digit in recognizer.read_number(picture).digits]
    assert [x for x, *_ in boxes] == sorted(x for x, *_ in boxes)
    covered = np.zeros_like(picture)
    for x, y, width, height in boxes:
        covered[y : y + height, x : x + width] = 1
    assert ((picture < 100) & (covered == 0)).sum() == 0
    doubled = [digit.prepared.box for digit in recognizer.read_number(picture, scale=2).digits]
    assert np.array(doubled) == pytest.approx(np.array(boxes) * 2, abs=1)


def test_strokes_that_belong_together_are_joined(recognizer):
    picture = np.full((200, 400), 255, np.uint8)
    # A 5 whose bar does not touch it, then a 4 left open, in two strokes.
    five = np.array([[60, 45], [55, 95], [95, 90], [105, 130], [60, 150]], np.int32)
    bar = np.array([[72, 42], [115, 40]], np.int32)
    cup = np.array([[250, 45], [235, 105], [300, 105]], np.int32)
    stem = np.array([[290, 60], [285, 160]], np.int32)
    for line in (five, bar, cup, stem):
        cv2.polylines(picture, [line], False, 0, 8, cv2.LINE_AA)
    assert recognizer.read_number(picture).text == "54"


def test_specks_are_no_digits(recognizer, number):
    picture = number("42")
    rng = np.random.default_rng(0)
    for x, y in rng.integers(5, 550, (12, 2)):
        cv2.circle(picture, (int(x), int(y)), 2, 0, -1)
    assert recognizer.read_number(picture).text == "42"


def test_touching_digits_are_separated(recognizer, number):
    texts = [f"{one}{other}" for one in range(10) for other in range(10)]
    right = [
        text for text in texts if recognizer.read_number(number(text, touching=True)).text == text
    ]
    assert len(right) >= 80


def test_a_cut_bends_where_no_straight_line_parts_two_digits():
    down = np.linspace(-1, 1, 40)
    bow = np.stack([60 + 35 * (1 - down**2), 100 + 75 * down], axis=1)
    first, second = (np.full((200, 180), 255, np.uint8) for _ in range(2))
    cv2.polylines(first, [bow.astype(np.int32)], False, 0, 8)
    cv2.polylines(second, [(bow + np.array([40, 0])).astype(np.int32)], False, 0, 8)
    touching = np.minimum(first, second)
    cv2.line(touching, (95, 100), (135, 100), 0, 3)
    whole = preprocess_parts(touching)
    assert len(whole.parts) == 1
    labels = whole.cut([1]).labels
    of_one = (first == 0) | (second == 0)
    agreement = [
        ((labels <= number) == (first == 0))[of_one].mean() for number in range(1, labels.max())
    ]
    assert max(agreement) > 0.97


def test_what_reads_well_is_left_whole(recognizer, number, monkeypatch):
    picture = number("20")
    monkeypatch.setattr(Parts, "cut", None)
    assert recognizer.read_number(picture).text == "20"


@pytest.mark.parametrize("seed", range(8))
def test_a_wide_scribble_is_no_number(recognizer, seed):
    picture = np.full((200, 900), 255, np.uint8)
    points = np.random.default_rng(seed).integers((30, 60), (870, 140), (30, 2)).astype(np.int32)
    cv2.polylines(picture, [points], False, 0, 6)
    reading = recognizer.read_number(picture)
    assert not reading.is_number
    assert len(reading.digits) >= 1


def test_a_number_with_something_wide_beside_it_is_none(recognizer, number):
    """No part of what was drawn is kept quiet about, but for specks and dashes."""
    picture = np.hstack([number("42"), np.full((560, 1400), 255, np.uint8)])
    for y in (200, 300, 400):
        cv2.line(picture, (640, y), (1900, y), 0, 11)
    cv2.line(picture, (640, 200), (640, 400), 0, 11)
    assert not recognizer.read_number(picture).is_number


def test_light_ink_and_a_place_in_the_corner_change_nothing(recognizer, number):
    look = RenderStyle(side=900, size=0.4, pen=7, place=(1, 1), ink=255, paper=20)
    assert recognizer.read_number(number("407", look=look)).text == "407"


@pytest.mark.parametrize("shade", [0, 255])
def test_nothing_is_an_empty_drawing(recognizer, shade):
    with pytest.raises(EmptyDrawing):
        recognizer.read_number(np.full((300, 300), shade, np.uint8))


def test_a_hundred_scraps_take_no_longer_than_they_may(recognizer):
    picture = np.full((1000, 1000), 255, np.uint8)
    for x in range(20, 1000, 50):
        for y in range(20, 1000, 50):
            cv2.line(picture, (x, y), (x + 20, y + 25), 0, 6)
    parts = preprocess_parts(picture)
    parts = parts.cut(range(1, len(parts.parts) + 1))
    assert len(parts.parts) <= 80
    assert len(parts.runs()) <= 640
    recognizer.read_number(picture)


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 60)),
        elements=st.sampled_from([0, 255]),
    )
)
def test_every_part_is_numbered_from_left_to_right_and_can_be_prepared(array):
    try:
        whole = preprocess_parts(array)
    except EmptyDrawing:
        return
    parts = whole.cut(range(1, len(whole.parts) + 1))
    assert ((parts.labels > 0) == (whole.labels > 0)).all()
    assert set(np.unique(parts.labels)) <= set(range(len(parts.parts) + 1))
    middles = [part.left + part.right for part in parts.parts]
    assert middles == sorted(middles)
    for first, last in parts.runs():
        assert 1 <= first <= last <= len(parts.parts)
        try:
            prepared = parts.prepare(first, last)
        except EmptyDrawing:
            continue
        assert prepared.pixels.shape == (28, 28)
