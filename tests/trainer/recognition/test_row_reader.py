"""The rows that the row reader is given, and what it makes of touching digits."""

import cv2
import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.recognition.test_numbers import hands, number, recognizer  # noqa: F401
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import OVERLAP, compose_number, stack_rows
from trainer.recognition.segmentation import reading
from trainer.recognition.segmentation.rescoring import ranked
from trainer.recognition.segmentation.row_reader import (
    HEIGHT,
    MAX_WIDTH,
    MAX_WIDTH_OF_ALL,
    ROW_MODEL,
    row_images,
    shipped_row_reader,
)
from trainer.recognition.segmentation.segments import TooManyPieces, segment


def touching(hand, text, rng):
    strokes = compose_number([hand[int(digit)] for digit in text], rng, gap=OVERLAP)
    return render(strokes, RenderStyle(side=400, size=0.9, pen=7))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.integers(20, 900),
    height=st.integers(20, 300),
    lines=st.integers(1, 12),
)
def test_rows_have_one_height_and_a_bounded_width(seed, width, height, lines):
    rng = np.random.default_rng(seed)
    picture = np.full((height, width), 255, np.uint8)
    for _ in range(lines):
        ends = rng.integers((0, 0), (width, height), (2, 2))
        cv2.line(picture, ends[0].tolist(), ends[1].tolist(), 0, int(rng.integers(1, 12)))
    segments = segment(picture)
    images = row_images(segments)
    assert len(images) == len({each.row for each in segments.segments})
    for image in images:
        if image is not None:
            assert image.dtype == np.uint8
            assert image.shape[0] == HEIGHT
            assert image.shape[1] <= MAX_WIDTH
            assert image.max() == 255
            assert not image[[0, -1]].any()
            columns = shipped_row_reader()(image)
            assert columns.shape == ((image.shape[1] + 1) // 2, 11)
            assert np.exp(columns).sum(axis=1) == pytest.approx(1)


def test_a_row_has_no_ink_of_another():
    picture = np.full((300, 200), 255, np.uint8)
    cv2.line(picture, (40, 20), (40, 110), 0, 9)
    cv2.line(picture, (120, 20), (120, 110), 0, 9)
    cv2.line(picture, (60, 170), (150, 260), 0, 9)
    above, below = row_images(segment(picture))
    assert above is not None
    assert below is not None
    (count, _), (only, _) = (cv2.connectedComponents(image)[:2] for image in (above, below))
    assert (count - 1, only - 1) == (2, 1)


@pytest.mark.parametrize(("length", "least"), [(2, 27), (4, 25)])
def test_most_touching_digits_are_read(hands, recognizer, length, least, monkeypatch):  # noqa: F811
    rng = np.random.default_rng(5)
    texts = [number(rng, length) for _ in range(30)]
    pictures = [touching(hands[index % len(hands)], text, rng) for index, text in enumerate(texts)]

    def right() -> int:
        read = [recognizer.read_number(picture).text for picture in pictures]
        return sum(found == text for found, text in zip(read, texts, strict=True))

    together = right()
    assert together >= least  # of 150, 95 % of the pairs and 91 % of four digits are read
    monkeypatch.setattr(reading, "read_rows", lambda segments, _: [None] * len(segments.rows))
    assert right() < together  # segmentation alone


def test_the_digits_are_those_of_the_way_that_was_chosen(hands, recognizer, monkeypatch):  # noqa: F811
    chosen = []

    def noted(*arguments):
        chosen.append(ranked(*arguments))
        return chosen[-1]

    monkeypatch.setattr(reading, "ranked", noted)
    rng = np.random.default_rng(6)
    for index in range(30):
        chosen.clear()
        found = recognizer.read_number(touching(hands[index % len(hands)], number(rng, 4), rng))
        assert found.text == "\n".join(row.best.read for row in chosen if row.best.read)
        for digit in found.digits:
            assert digit.probabilities.sum() == pytest.approx(1)


def test_many_digits_apart_are_read_though_not_all_could_be_cut(recognizer):  # noqa: F811
    picture = np.full((400, 420), 255, np.uint8)
    for row in range(4):
        for column in range(10):
            corner = (8 + 41 * column, 80 + 98 * row)
            text = str((row + column) % 10)
            cv2.putText(picture, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 1.6, 0, 4)
    found = recognizer.read_number(picture)
    assert found.is_number
    assert np.bincount(found.rows).tolist() == [10] * 4


def test_what_has_too_many_candidates_once_it_is_cut_is_refused(recognizer):  # noqa: F811
    rng, picture = np.random.default_rng(0), np.full((1000, 1000), 255, np.uint8)
    for corner in np.stack(np.meshgrid(range(6), range(6)), axis=-1).reshape(-1, 2) * 165 + 10:
        points = corner + 150 * rng.random((12, 2))
        cv2.polylines(picture, [points.astype(np.int32)], False, 0, 4)
    with pytest.raises(TooManyPieces):
        recognizer.read_number(picture)


def test_a_row_that_is_too_long_is_read_by_its_digits_and_others_as_before(hands, recognizer):  # noqa: F811
    rng = np.random.default_rng(7)
    long = compose_number([hands[0][digit] for digit in [1, 7] * 12], rng, gap=(1.0, 1.2))
    short = compose_number([hands[0][digit] for digit in (4, 2)], rng)
    strokes = stack_rows([short, long], rng)
    segments = segment(render(strokes, RenderStyle(side=1500, size=0.95, pen=4)))
    images = row_images(segments)
    assert images[0] is not None
    assert images[1] is None
    found = recognizer.read_segments(segments)
    assert np.bincount(found.rows).tolist() == [2, 24]


def test_rows_below_too_many_others_are_not_read():
    picture = np.full((1000, 1000), 255, np.uint8)
    for row in range(12):
        for x in range(20, 1000, 60):
            cv2.line(picture, (x, 20 + 80 * row), (x, 70 + 80 * row), 0, 6)
    images = row_images(segment(picture))
    assert len(images) == 3  # more segments are not read either
    read = [image for image in images if image is not None]
    assert 0 < sum(image.shape[1] for image in read) <= MAX_WIDTH_OF_ALL
    assert images[0] is not None
    assert images[-1] is None


def test_the_file_says_where_it_comes_from():
    metadata = onnxruntime.InferenceSession(ROW_MODEL.read_bytes()).get_modelmeta()
    known = metadata.custom_metadata_map
    assert "train-rows" in known["command"]
    assert "CC BY 4.0" in known["attribution"]
