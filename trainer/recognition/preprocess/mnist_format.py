"""From ink to the 28×28 pixels of MNIST's recipe."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.recognition.preprocess.arrays import Pixels
from trainer.recognition.preprocess.ink import EmptyDrawing

SIDE = 28
BOX = 20

_WORKING_SIDE = 80  # long side of the crop on which the stroke's width is judged
_THINNEST_STROKE = 1.6  # in pixels of the 20×20 box; thinner strokes are thickened to this
_DOT = 0.58  # stroke width (and its blur) as a share of the box: discs have more, digits less


def normalise(ink: Pixels) -> Pixels:
    """Fit ink that fills its array, uint8 [height, width], into uint8 [28, 28].

    The longer side becomes 20 pixels, the centre of mass lies in the middle. Raises `EmptyDrawing`
    for a dot.
    """
    return _centre_by_mass(_fit_into_box(ink))


def _fit_into_box(crop: Pixels) -> Pixels:
    """Scale the crop of ink so that its longer side is 20, with strokes thick enough to survive.

    Raises `EmptyDrawing` for a dot.
    """
    longest = max(crop.shape)
    if longest > _WORKING_SIDE:
        crop = _resize(crop, _WORKING_SIDE / longest)
    crop = _stretch(crop)
    width = _stroke_width(crop)
    if width + 1.5 > _DOT * max(crop.shape):
        raise EmptyDrawing("there is only a dot in the picture")
    crop = _thicken(crop, width)
    return _stretch(_resize(crop, BOX / max(crop.shape)))


def _resize(ink: Pixels, scale: float) -> Pixels:
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    if (height, width) == ink.shape:
        return ink
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(ink, (width, height), interpolation=method)


def _stretch(ink: Pixels) -> Pixels:
    return cv2.convertScaleAbs(ink, alpha=255 / max(1, int(ink.max(initial=0))))


def _stroke_width(ink: Pixels) -> float:
    """Estimate the mean width of the strokes, in pixels.

    Over a stroke of width w the distance to its edge runs from 0 to w/2 and back, so its mean is
    w/4.
    """
    stroke = cv2.copyMakeBorder((ink > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distance = cv2.distanceTransform(stroke, cv2.DIST_L2, 3)
    return 4 * (float(distance.sum()) / max(1, int(np.count_nonzero(distance))) - 0.5)


def _thicken(ink: Pixels, width: float) -> Pixels:
    """Dilate strokes that would vanish in the 20×20 box."""
    missing = round(_THINNEST_STROKE * max(ink.shape) / BOX - width)
    if missing < 1:
        return ink
    border = missing // 2 + 1
    ink = cv2.copyMakeBorder(ink, border, border, border, border, cv2.BORDER_CONSTANT)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
    return cv2.dilate(ink, brush)


def _centre_by_mass(digit: Pixels) -> Pixels:
    """Place the digit in 28×28 with its centre of mass in the middle, never off the edge."""
    moments = cv2.moments(digit)
    height, width = digit.shape
    centre_x, centre_y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    left = min(max(round(SIDE / 2 - centre_x), 0), SIDE - width)
    top = min(max(round(SIDE / 2 - centre_y), 0), SIDE - height)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = digit
    return field
