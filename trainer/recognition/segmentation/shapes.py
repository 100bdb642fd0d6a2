"""The shape of a component as a single stroke, which tells a 1 from a slash or parenthesis."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from trainer.recognition.array_types import Pixels

_MAX_SIDE = 64  # pixels to which a component is scaled down to measure it
_PARTS = 12  # along a stroke


@dataclass(frozen=True, slots=True)
class StrokeShape:
    """A component of ink, described as a single stroke along its longest axis."""

    tilt: float
    """Of the axis from the vertical, in degrees, -90..90; positive leans to the right, as /."""
    bow: float
    """How far its middle lies off the line between its ends, in lengths; positive to the right."""
    bend: float
    """How far the stroke lies off its bow, root of the mean square, in lengths."""
    thickness: float
    """Largest extent across the axis in any of its parts, in lengths."""
    length: float
    """Extent along the axis, in pixels of `mask`."""


def stroke_shape(mask: Pixels) -> StrokeShape:
    """Measure a component: `mask` is uint8 [height, width], not 0 for its ink."""
    scale = min(1.0, _MAX_SIDE / max(mask.shape))
    small = mask
    if scale < 1:
        size = [max(1, round(side * scale)) for side in mask.shape[::-1]]
        small = (
            cv2.resize((mask > 0).astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) // 96
        )
    y, x = np.nonzero(small)
    if len(x) < 3:
        return StrokeShape(0.0, 0.0, 0.0, 1.0, max(mask.shape))
    points = np.stack([x - x.mean(), y - y.mean()], axis=1)
    _, vectors = np.linalg.eigh(points.T @ points)
    axis = vectors[:, 1] * (1 if vectors[1, 1] >= 0 else -1)  # downwards
    along, across = points @ axis, points @ np.array([axis[1], -axis[0]])  # across: to the right
    length = float(np.ptp(along)) + 1
    part = np.minimum(((along - along.min()) * _PARTS / length).astype(int), _PARTS - 1)
    curve = np.polyfit(along / length, across / length, 2)
    off = across / length - np.polyval(curve, along / length)
    high, low = np.full(_PARTS, -np.inf), np.full(_PARTS, np.inf)
    np.maximum.at(high, part, across)
    np.minimum.at(low, part, across)
    return StrokeShape(
        tilt=float(np.degrees(np.arctan2(-axis[0], axis[1]))),
        bow=float(-curve[0] / 4),
        bend=float(np.sqrt((off**2).mean())),
        thickness=(float((high - low).max()) + 1) / length,
        length=length / scale,
    )
