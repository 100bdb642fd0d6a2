"""What the transparency of an image means: its paper, what surrounds its paper, or nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels

_OPAQUE_ALPHA = 128  # of 255: pixels from this alpha on count as opaque
_MIN_CONTRAST = 24  # of 255: with less, alphas or shades count as the same
_MAX_SHARE_OF_INK = 0.35  # of the image: where less is opaque, that may be strokes
_MAX_SHARE_OF_EDGE = 0.2  # of the opaque pixels of a patch of paper; of thin strokes it is more
_MAX_INK_AT_EDGE = 0.5  # share of edge pixels among the ink of a patch, relative to all its pixels
_MIN_DEVIATION = 5.0  # of the shades of whatever contains paper and ink
_NEIGHBORS = np.ones((3, 3), np.uint8)


def opaque_drawing(rgba: Pixels) -> Pixels | None:
    """The drawing without transparency, uint8 [height, width, 3], if its colors show it.

    `rgba` is uint8 [height, width, 4]. None if the transparent part is the paper, as on a canvas
    that was never filled: everything opaque has one shade, or little is opaque. Otherwise the paper
    is part of the image, and transparency only surrounds it; also where little is opaque, but that
    little is a patch of paper with ink inside. Where nothing is opaque, transparency says nothing:
    programs that do not know of it leave it at 0.
    """
    colors, alpha = rgba[:, :, :3], rgba[:, :, 3]
    opaque = cv2.threshold(alpha, _OPAQUE_ALPHA - 1, 255, cv2.THRESH_BINARY)[1]
    share = cv2.countNonZero(opaque) / opaque.size
    if share == 1.0:
        return colors if alpha.min() == 255 else _composite(colors, alpha, _median(colors, opaque))
    if share == 0.0:
        return colors if int(np.ptp(alpha)) < _MIN_CONTRAST else None
    if share < _MAX_SHARE_OF_INK:
        return _patch(colors, opaque)
    low, high = np.percentile(colors[opaque > 0], (2, 98), axis=0)
    if (high - low).max() < _MIN_CONTRAST:
        return None
    return _composite(colors, alpha, _median(colors, opaque))


def _patch(colors: Pixels, opaque: Pixels) -> Pixels | None:
    """The image on paper everywhere, if the opaque part is a patch of paper with ink inside.

    Around ink there is paper, so that the shades which differ from the edge's keep away from it.
    The shades of a colored drawing are as frequent at its edge as elsewhere.
    """
    opaque = cv2.erode(opaque, _NEIGHBORS)  # scaling has mixed the outermost with what is hidden
    size = cv2.countNonZero(opaque)
    if not size or float(cv2.meanStdDev(colors, mask=opaque)[1].max()) < _MIN_DEVIATION:
        return None
    edge = cv2.subtract(opaque, cv2.erode(opaque, _NEIGHBORS))
    share_of_edge = cv2.countNonZero(edge) / size
    if not 0 < share_of_edge < _MAX_SHARE_OF_EDGE:
        return None
    paper = _median(colors, edge)
    low, high = (tuple((paper + sign * _MIN_CONTRAST).tolist()) for sign in (-1, 1))
    ink = cv2.subtract(opaque, cv2.inRange(colors, low, high))
    inside, at_edge = cv2.countNonZero(ink), cv2.countNonZero(cv2.bitwise_and(ink, edge))
    if at_edge >= _MAX_INK_AT_EDGE * share_of_edge * inside:
        return None
    return np.where(opaque[:, :, None] > 0, colors, paper.astype(np.uint8))


def _median(colors: Pixels, where: Pixels) -> NDArray[np.float64]:
    return np.asarray(np.median(colors[where > 0], axis=0))


def _composite(colors: Pixels, alpha: Pixels, paper: NDArray[np.float64]) -> Pixels:
    opacity = alpha[:, :, None] / np.float32(255)
    return (colors * opacity + paper * (1 - opacity)).astype(np.uint8)
