"""Drawings in pixels as programs leave them: few gray values, deep ones, alpha without meaning."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer.recognition.preprocess import EmptyDrawing, preprocess


def difference(picture, seven) -> float:
    """How much the pixels that a model sees differ from those of the plain 7."""
    pixels = preprocess(picture).pixels.astype(int)
    return float(np.abs(pixels - preprocess(seven).pixels).mean())


def with_alpha(gray: np.ndarray, alpha: np.ndarray | int) -> np.ndarray:
    return np.dstack([gray, gray, gray, np.full(gray.shape, alpha).astype(np.uint8)])


@pytest.mark.parametrize("top", [1, 4, 9, 15, 16])
@pytest.mark.parametrize("inverted", [False, True])
def test_few_gray_values_are_a_drawing(seven, top, inverted):
    gray = 255 - seven if inverted else seven
    assert difference(np.round(gray / 255 * top).astype(np.uint8), seven) < 6


def test_the_box_of_a_tiny_drawing_is_in_its_own_pixels():
    tiny = np.zeros((8, 8), np.uint8)
    tiny[1:7, 3:5] = 16
    x, y, width, height = preprocess(tiny).box
    assert abs(x - 3) <= 1
    assert abs(y - 1) <= 1
    assert abs(width - 2) <= 1
    assert abs(height - 6) <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_gray_values_are_scaled_by_their_own_depth(seven, bits):
    deep = (seven.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)
    assert difference(Image.fromarray(deep), seven) < 1


@pytest.mark.parametrize("top", [1.0, 255.0, 1e6])
def test_floats_are_scaled_by_their_range(seven, top):
    floats = (seven / 255 * top).astype(np.float32)
    floats[0, 0] = np.nan
    assert difference(Image.fromarray(floats), seven) < 1


@pytest.mark.parametrize("alpha", [0, 1, 100])
def test_alpha_that_is_low_everywhere_hides_nothing(seven, alpha):
    assert difference(with_alpha(seven, alpha), seven) == 0


def test_a_blank_canvas_without_alpha_is_empty():
    with pytest.raises(EmptyDrawing):
        preprocess(np.zeros((100, 100, 4), np.uint8))


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("side", [300, 2000])
def test_a_patch_of_paper_on_a_transparent_canvas_is_paper(seven, inverted, side):
    paper = Image.fromarray(with_alpha(255 - seven if inverted else seven, 255))
    canvas = Image.new("RGBA", (side, side))
    scale = side // 300
    place = (20 * scale, 90 * scale)
    canvas.paste(paper.resize((140 * scale, 140 * scale)), place)
    assert difference(np.asarray(canvas), seven) < 6


def test_a_card_on_a_large_transparent_canvas_has_no_frame(seven):
    canvas = Image.new("RGBA", (2000, 2000))
    canvas.paste(Image.fromarray(with_alpha(seven, 255)).resize((1600, 1600)), (210, 190))
    assert difference(np.asarray(canvas), seven) < 6


def test_strokes_of_several_colors_are_no_paper(seven):
    drawing = with_alpha(seven, 255 - seven)
    drawing[:, :, :3] = (200, 30, 30)
    drawing[70:, :, :3] = (20, 40, 220)
    assert difference(drawing, seven) < 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_few_values_with_any_alpha_give_pixels_or_an_empty_drawing(data):
    height, width = data.draw(st.integers(1, 24)), data.draw(st.integers(1, 24))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    rgba = rng.integers(0, data.draw(st.integers(1, 17)), (height, width, 4), np.uint8)
    rgba[:, :, 3] *= data.draw(st.sampled_from([0, 1, 15]))
    with contextlib.suppress(EmptyDrawing):
        assert preprocess(rgba).pixels.shape == (28, 28)
