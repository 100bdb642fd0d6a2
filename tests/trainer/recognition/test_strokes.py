"""Pen strokes: splines, rotation, and the plain drawing of them."""

import cv2
import numpy as np
import pytest

from trainer.data.rendering.canvas import RenderStyle, render
from trainer.recognition.strokes import catmull_rom, draw_plain, rotation


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
