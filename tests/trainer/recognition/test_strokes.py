"""Pen strokes: splines, rotation, and the plain drawing of them."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.data.rendering.canvas import RenderStyle, render
from trainer.recognition.strokes import catmull_rom, draw_cropped, draw_plain, rotation


def test_a_plain_drawing_is_what_the_renderer_gives_in_its_default_style(drawings):
    dot = [np.array([[3.0, 4.0]])]
    for strokes in (*drawings.values(), dot):
        assert (draw_plain(strokes) == render(strokes, RenderStyle())).all()
        assert (draw_plain(strokes, 140) == render(strokes, RenderStyle(side=140))).all()


def test_a_plain_drawing_is_black_on_white_and_centered(drawings):
    for strokes in drawings.values():
        drawn = draw_plain(strokes, 200)
        assert drawn.shape == (200, 200)
        assert drawn.dtype == np.uint8
        assert (drawn.min(), drawn.max()) == (0, 255)
        x, y, width, height = cv2.boundingRect((drawn < 128).astype(np.uint8))
        assert (x + width / 2, y + height / 2) == pytest.approx((100, 100), abs=2)


def test_a_rotation_is_clockwise_where_y_points_down():
    right, down = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert right @ rotation(np.pi / 2) == pytest.approx(down, abs=1e-12)


def test_a_spline_runs_through_its_points():
    points = np.array([[0.0, 0.0], [10.0, 5.0], [3.0, 9.0], [7.0, 1.0]])
    curve = catmull_rom(points)
    for point in points:
        assert np.abs(curve - point).sum(axis=1).min() < 1e-9


@given(
    lines=st.lists(
        st.lists(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), min_size=1, max_size=30),
        min_size=1,
        max_size=9,
    ),
    pen=st.none() | st.floats(1e-300, 1e6),
    side=st.sampled_from([140, 560]),
)
@settings(max_examples=25)
def test_any_strokes_leave_ink_within_the_margin(lines, pen, side):
    drawn = draw_cropped([np.array(line) for line in lines], side, pen)
    assert drawn.shape == (side, side)
    assert drawn.min() < 128
    edge = side // 40
    assert drawn[:edge].min() == drawn[-edge:].min() == drawn[:, :edge].min() == 255


def test_drawing_the_most_strokes_is_bounded():
    rng = np.random.default_rng(0)
    lines = [rng.uniform(0, 1000, (20, 2)) for _ in range(1000)]
    began = time.process_time()
    draw_cropped(lines, 560, 42)
    assert time.process_time() - began < 1  # 0.07 s; 2.2 s if each point were drawn and smoothed
