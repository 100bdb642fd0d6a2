"""Frames, boxes, circles, rules and underlines around a digit are no part of it."""

import cv2
import numpy as np
import pytest

from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.preprocess import EmptyDrawing, preprocess
from trainer.recognition.preprocess.frames import inner_view


def on_paper(seven, side=220):
    """The 7 in the middle of a larger sheet."""
    paper = np.full((side, side), 255, np.uint8)
    start = (side - len(seven)) // 2
    paper[start : start + len(seven), start : start + len(seven)] = seven
    return paper


def difference(picture, seven):
    """Mean difference between a picture as it is prepared, and the 7 alone, 0..255."""
    pixels = preprocess(picture).pixels.astype(int)
    return float(np.abs(pixels - preprocess(seven).pixels).mean())


@pytest.mark.parametrize("level", [0, 90, 190])
@pytest.mark.parametrize("width", [1, 3, 20])
@pytest.mark.parametrize("invert", [False, True])
def test_a_frame_is_no_ink(seven, width, level, invert):
    sides = (width,) * 4
    framed = cv2.copyMakeBorder(seven, *sides, cv2.BORDER_CONSTANT, value=level)
    assert difference(255 - framed if invert else framed, seven) == 0


@pytest.mark.parametrize("sides", [(40, 40, 0, 0), (0, 0, 9, 60), (70, 70, 0, 0), (0, 3, 0, 5)])
def test_bars_are_no_ink(seven, sides):
    barred = cv2.copyMakeBorder(seven, *sides, cv2.BORDER_CONSTANT, value=0)
    assert difference(barred, seven) == 0


def test_a_frame_within_a_frame_is_no_ink(seven):
    framed = seven
    for value in (0, 128, 30):
        framed = cv2.copyMakeBorder(framed, 6, 6, 6, 6, cv2.BORDER_CONSTANT, value=value)
    assert difference(framed, seven) == 0


def test_the_box_within_a_frame_is_in_pixels_of_the_picture(seven):
    framed = cv2.copyMakeBorder(seven, 10, 0, 30, 0, cv2.BORDER_CONSTANT, value=0)
    x, y, width, height = preprocess(seven).box
    assert preprocess(framed).box == (x + 30, y + 10, width, height)


@pytest.mark.parametrize("bar", [(slice(60, 160), slice(90, 130)), (slice(0, 220), slice(90, 130))])
def test_a_thick_bar_is_ink_and_no_frame(bar):
    picture = np.full((220, 220), 255, np.uint8)
    picture[bar] = 0
    _, _, width, height = preprocess(picture).box
    assert (width, height) == (40, bar[0].stop - bar[0].start)


def test_boxes_and_circles_around_a_digit_are_no_ink(seven):
    for shape in (
        lambda paper: cv2.rectangle(paper, (15, 15), (205, 205), 0, 3),
        lambda paper: cv2.circle(paper, (110, 110), 95, 0, 5, cv2.LINE_AA),
        lambda paper: cv2.ellipse(paper, (110, 110), (95, 95), 0, 20, 350, 0, 5),
        lambda paper: cv2.line(paper, (40, 200), (180, 196), 0, 6),
    ):
        paper = on_paper(seven)
        shape(paper)
        assert difference(paper, seven) < 0.5


def test_a_half_circle_beside_a_digit_is_ink(seven):
    paper = on_paper(seven)
    cv2.ellipse(paper, (110, 110), (95, 95), 0, 100, 260, 0, 5)
    assert difference(paper, seven) > 5


def test_a_dot_in_a_zero_is_part_of_it():
    zero = np.full((220, 220), 255, np.uint8)
    cv2.ellipse(zero, (110, 110), (60, 90), 0, 0, 360, 0, 10)
    alone = preprocess(zero).box
    cv2.circle(zero, (110, 110), 12, 0, -1)
    dotted = preprocess(zero)
    assert dotted.box == alone
    assert dotted.pixels[14, 14] > 200


def test_a_line_that_a_digit_touches_is_left_to_the_model(seven):
    paper = on_paper(seven)
    bottom = int(np.nonzero((paper < 128).any(axis=1))[0].max())
    cv2.line(paper, (60, bottom + 1), (170, bottom + 1), 0, 8)
    inputs = ModelInputs(paper)
    (other,) = inputs.other_digits
    whole = inputs.digit.pixels.astype(int)
    alone = preprocess(seven).pixels.astype(int)
    assert np.abs(other.pixels - alone).mean() < 5 < np.abs(whole - alone).mean()


def test_an_outline_may_be_filled(seven):
    thick = (on_paper(seven) < 128).astype(np.uint8)
    thick = cv2.dilate(thick, np.ones((9, 9), np.uint8))
    outline = 255 - 255 * cv2.morphologyEx(thick, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    (other,) = ModelInputs(outline).other_digits
    assert np.abs(other.pixels.astype(int) - preprocess(255 - 255 * thick).pixels).mean() < 5


@pytest.mark.parametrize("level", [0, 100, 200])
@pytest.mark.parametrize("distance", [9, 23, 60])
def test_rules_of_a_screen_are_no_ink(seven, level, distance):
    ruled = np.full((220, 220), 255, np.uint8)
    ruled[distance // 2 :: distance] = level
    if level > 150:
        ruled[:, distance // 3 :: distance] = level
    if level == 0 and distance < 20:
        pytest.skip("lines as strong as the pen, as near as its width")
    assert difference(cv2.min(ruled, on_paper(seven)), seven) < 9


def test_a_digit_on_loud_noise_is_found(seven):
    noise = np.random.default_rng(0).integers(150, 256, (220, 220)).astype(np.uint8)
    assert difference(cv2.min(noise, on_paper(seven)), seven) < 12


def test_loud_noise_alone_is_an_empty_drawing():
    for seed in range(3):
        noise = np.random.default_rng(seed).integers(100, 256, (220, 220)).astype(np.uint8)
        with pytest.raises(EmptyDrawing):
            preprocess(noise)


def test_a_thick_zero_is_not_a_frame_around_its_hole():
    picture = np.zeros((28, 28), np.uint8)
    cv2.ellipse(picture, (14, 14), (9, 8), 0, 0, 360, 255, -1)
    cv2.ellipse(picture, (15, 15), (2, 1), 0, 0, 360, 0, -1)
    assert inner_view([picture]) is None
    assert preprocess(picture).pixels.sum() > 255 * 100
