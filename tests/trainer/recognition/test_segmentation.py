"""Segmentation of numbers, and their recognition."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import GAP, OVERLAP, compose_number
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.candidates import digit_candidates
from trainer.recognition.segmentation.segments import (
    MAX_SEGMENTS,
    Segments,
    TooManyPieces,
    segment,
)

ON_A_CANVAS = RenderStyle(side=560, size=0.8, pen=11)


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(read_bundle(PRETRAINED / "inkling"))


@pytest.fixture(scope="module")
def number(drawings):
    """Render a number in people's handwriting: `number("407")`."""

    def draw(text: str, touching: bool = False, style: RenderStyle = ON_A_CANVAS) -> np.ndarray:
        rng = np.random.default_rng(1)
        gap = OVERLAP if touching else GAP
        digits = [drawings[int(c)] for c in text]
        return render(compose_number(digits, rng, gap=gap), style)

    return draw


@pytest.mark.parametrize("text", ["7", "10", "407", "2026", "35918", "864201"])
def test_numbers_are_read_from_left_to_right(recognizer, number, text):
    prediction = recognizer.read_number(number(text))
    assert prediction.text == text
    assert prediction.is_number
    assert 0 <= prediction.confidence <= min(digit.confidence for digit in prediction.digits)


def test_a_separate_bar_is_joined_to_a_wide_5_that_was_cut(recognizer):
    picture = np.full((220, 420), 255, np.uint8)
    seven = np.array([[30, 50], [100, 48], [60, 170]], np.int32)
    body = np.array(
        [[180, 60], [165, 110], [225, 100], [262, 128], [240, 165], [165, 170]], np.int32
    )
    bar = np.array([[255, 62], [310, 56]], np.int32)
    for line in (seven, body, bar):
        cv2.polylines(picture, [line], False, 0, 8, cv2.LINE_AA)
    segments = segment(picture).cut([2])
    assert segments.after_cuts
    assert (2, len(segments)) in digit_candidates(segments)
    assert recognizer.read_number(picture).text == "75"


def test_a_digit_may_be_much_wider_than_high(recognizer):
    picture = np.full((220, 520), 255, np.uint8)
    two = np.array([[45, 75], [85, 55], [125, 75], [100, 115], [45, 155], [130, 150], [240, 162]])
    one = np.array([[330, 55], [325, 165]])
    for line in (two, one):
        cv2.polylines(picture, [line.astype(np.int32)], False, 0, 8, cv2.LINE_AA)
    segments = segment(picture).cut([1])
    assert segments.after_cuts
    assert (1, len(segments) - 1) in digit_candidates(segments)  # all of the 2
    assert recognizer.read_number(picture).text == "21"


def test_the_boxes_of_the_digits_are_in_pixels_of_the_image_that_was_sent(recognizer, number):
    picture = number("407")
    boxes = [digit.prepared.box for digit in recognizer.read_number(picture).digits]
    assert [x for x, *_ in boxes] == sorted(x for x, *_ in boxes)
    covered = np.zeros_like(picture)
    for x, y, width, height in boxes:
        covered[y : y + height, x : x + width] = 1
    assert ((picture < 100) & (covered == 0)).sum() == 0
    doubled = [digit.prepared.box for digit in recognizer.read_number(picture, scale=2).digits]
    assert np.array(doubled) == pytest.approx(np.array(boxes) * 2, abs=1)


def test_what_stands_in_the_next_row_is_no_part_of_a_digit(recognizer):
    """A 1 below an 8 has a third of its ink, and the bar of a 5 lies above the 2 below it too."""
    picture = np.full((300, 300), 255, np.uint8)
    for middle in ((75, 65), (75, 102)):
        cv2.ellipse(picture, middle, (24, 19), 0, 0, 360, 0, 7, cv2.LINE_AA)
    one = np.array([[75, 170], [73, 250]], np.int32)
    five = np.array([[205, 60], [200, 84], [225, 82], [235, 102], [220, 122], [196, 118]], np.int32)
    bar = np.array([[212, 46], [245, 44]], np.int32)
    two = np.array(
        [[190, 186], [215, 168], [236, 184], [222, 212], [188, 248], [216, 244], [250, 248]],
        np.int32,
    )
    for line in (one, five, bar, two):
        cv2.polylines(picture, [line], False, 0, 7, cv2.LINE_AA)
    prediction = recognizer.read_number(picture)
    assert prediction.text == "85\n12"
    assert prediction.unread == []


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


def test_specks_are_ignored(recognizer, number):
    picture = number("42")
    rng = np.random.default_rng(0)
    for x, y in rng.integers(5, 550, (12, 2)):
        cv2.circle(picture, (int(x), int(y)), 2, 0, -1)
    assert recognizer.read_number(picture).text == "42"


@pytest.mark.slow
def test_touching_digits_are_separated(recognizer, number):
    texts = [f"{one}{other}" for one in range(10) for other in range(10)]
    right = [
        text for text in texts if recognizer.read_number(number(text, touching=True)).text == text
    ]
    assert len(right) >= 80


def test_a_cut_bends_where_no_straight_line_separates_two_digits():
    down = np.linspace(-1, 1, 40)
    bow = np.stack([60 + 35 * (1 - down**2), 100 + 75 * down], axis=1)
    first, second = (np.full((200, 180), 255, np.uint8) for _ in range(2))
    cv2.polylines(first, [bow.astype(np.int32)], False, 0, 8)
    cv2.polylines(second, [(bow + np.array([40, 0])).astype(np.int32)], False, 0, 8)
    touching = np.minimum(first, second)
    cv2.line(touching, (95, 100), (135, 100), 0, 3)
    whole = segment(touching)
    assert len(whole) == 1
    labels = whole.cut([1]).labels
    of_one = (first == 0) | (second == 0)
    agreement = [
        ((labels <= number) == (first == 0))[of_one].mean() for number in range(1, labels.max())
    ]
    assert max(agreement) > 0.97


def test_digits_that_read_well_are_not_cut(recognizer, number, monkeypatch):
    picture = number("20")
    monkeypatch.setattr(Segments, "cut", None)
    assert recognizer.read_number(picture).text == "20"


@pytest.mark.parametrize("seed", range(8))
def test_a_wide_scribble_is_not_a_number(recognizer, seed):
    picture = np.full((200, 900), 255, np.uint8)
    points = np.random.default_rng(seed).integers((30, 60), (870, 140), (30, 2)).astype(np.int32)
    cv2.polylines(picture, [points], False, 0, 6)
    prediction = recognizer.read_number(picture)
    assert not prediction.is_number
    assert len(prediction.digits) >= 1


def test_a_number_with_something_wide_beside_it_is_not_a_number(recognizer, number):
    """Nothing that was drawn may be silently ignored, except for specks and dashes."""
    picture = np.hstack([number("42"), np.full((560, 1400), 255, np.uint8)])
    for y in (200, 300, 400):
        cv2.line(picture, (640, y), (1900, y), 0, 11)
    cv2.line(picture, (640, 200), (640, 400), 0, 11)
    assert not recognizer.read_number(picture).is_number


def test_light_ink_in_a_corner_is_read_the_same(recognizer, number):
    style = RenderStyle(side=900, size=0.4, pen=7, place=(1, 1), ink=255, paper=20)
    assert recognizer.read_number(number("407", style=style)).text == "407"


@pytest.mark.parametrize("shade", [0, 255])
def test_a_blank_image_is_an_empty_drawing(recognizer, shade):
    with pytest.raises(EmptyDrawing):
        recognizer.read_number(np.full((300, 300), shade, np.uint8))


def test_the_number_of_segments_and_candidates_is_bounded(recognizer):
    picture = np.full((1000, 1000), 255, np.uint8)
    for x in range(20, 1000, 50):
        for y in range(20, 1000, 50):
            cv2.line(picture, (x, y), (x + 20, y + 25), 0, 6)
    segments = segment(picture)
    segments = segments.cut(range(1, len(segments) + 1))
    assert len(segments) <= 2 * MAX_SEGMENTS
    assert len(digit_candidates(segments)) <= 640
    recognizer.read_number(picture)


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 60)),
        elements=st.sampled_from([0, 255]),
    )
)
def test_segments_are_numbered_by_row_from_left_to_right_and_can_be_preprocessed(array):
    try:
        whole = segment(array)
        segments = whole.cut(range(1, len(whole) + 1))
        candidates = list(digit_candidates(segments))
    except (EmptyDrawing, TooManyPieces):  # noise may be either
        return
    assert ((segments.labels > 0) == (whole.labels > 0)).all()
    assert set(np.unique(segments.labels)) <= set(range(len(segments) + 1))
    places = [(each.row, each.left + each.right) for each in segments.segments]
    assert places == sorted(places)
    for first, last in candidates:
        assert 1 <= first <= last <= len(segments)
        try:
            prepared = segments.prepare(first, last)
        except EmptyDrawing:
            continue
        assert prepared.pixels.shape == (28, 28)
