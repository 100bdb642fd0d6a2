"""From ink to MNIST's format: 28×28 pixels, centered by mass.

The procedure is that of LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import cv2
import numpy as np

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.ink import EmptyDrawing

SIDE = 28
"""Side of the images that a model takes, in pixels."""

BOX_SIDE = 20
"""Longer side of the digit within that image, in pixels."""

_MAX_WORKING_SIDE = 80  # pixels of the longer side at which the stroke width is measured
_MIN_STROKE_WIDTH = 1.6  # pixels in the 20×20 box: thinner strokes are dilated to this
_MIN_DOT_WIDTH = 0.58  # stroke width by longer side, from which on the ink is a dot, not a digit
_BLUR_WIDTH = 1.5  # pixels that a blurred edge takes from the measured width of a dot


def to_mnist_format(ink: Pixels) -> Pixels:
    """Scale ink that fills its array, uint8 [height, width], into uint8 [28, 28], 255 for ink.

    The longer side becomes 20 pixels, and the center of mass is moved to the middle. Raises
    `EmptyDrawing` for a dot.
    """
    return _center_by_mass(_fit_into_box(ink))


def _fit_into_box(crop: Pixels) -> Pixels:
    """Scale ink so that its longer side is 20 pixels, with strokes thick enough to stay visible.

    Raises `EmptyDrawing` for a dot.
    """
    longest = max(crop.shape)
    if longest > _MAX_WORKING_SIDE:
        crop = _resize(crop, _MAX_WORKING_SIDE / longest)
    crop = _stretch_contrast(crop)
    width = stroke_width(crop)
    if width + _BLUR_WIDTH > _MIN_DOT_WIDTH * max(crop.shape):
        raise EmptyDrawing("there is only a dot in the picture")
    crop = _thicken(crop, width)
    return _stretch_contrast(_resize(crop, BOX_SIDE / max(crop.shape)))


def _resize(ink: Pixels, scale: float) -> Pixels:
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    if (height, width) == ink.shape:
        return ink
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(ink, (width, height), interpolation=method)


def _stretch_contrast(ink: Pixels) -> Pixels:
    return cv2.convertScaleAbs(ink, alpha=255 / max(1, cv2.norm(ink, cv2.NORM_INF)))


def stroke_width(ink: Pixels) -> float:
    """Estimate the mean stroke width in pixels.

    Across a stroke of width w, the distance to its edge rises from 0 to w/2 and falls back to 0, so
    that its mean is w/4.
    """
    stroke = cv2.threshold(ink, 127, 1, cv2.THRESH_BINARY)[1]
    stroke = cv2.copyMakeBorder(stroke, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distance = cv2.distanceTransform(stroke, cv2.DIST_L2, 3)
    return 4 * (float(distance.sum()) / max(1, cv2.countNonZero(distance)) - 0.5)


def _thicken(ink: Pixels, width: float) -> Pixels:
    """Dilate strokes that would fade in the 20×20 box; `width` is their width in pixels."""
    missing = round(_MIN_STROKE_WIDTH * max(ink.shape) / BOX_SIDE - width)
    if missing < 1:
        return ink
    border = missing // 2 + 1
    ink = cv2.copyMakeBorder(ink, border, border, border, border, cv2.BORDER_CONSTANT)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
    return cv2.dilate(ink, brush)


def _center_by_mass(digit: Pixels) -> Pixels:
    """Place the digit in 28×28 with its center of mass in the middle, but entirely inside."""
    moments = cv2.moments(digit)
    height, width = digit.shape
    center_x, center_y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    left = min(max(round(SIDE / 2 - center_x), 0), SIDE - width)
    top = min(max(round(SIDE / 2 - center_y), 0), SIDE - height)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = digit
    return image
