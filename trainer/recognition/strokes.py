"""Pen strokes: the lines that a pen drew, before anything is rendered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]
"""One pen-down stroke: float64 [points, 2], x to the right and y down, in any unit."""

Strokes = list[Line]

_POINTS_PER_SEGMENT = 8


def catmull_rom(points: Line, per_segment: int = _POINTS_PER_SEGMENT) -> Line:
    """Run a uniform Catmull-Rom spline (Catmull and Rom 1974) through float [n, 2] points."""
    if len(points) < 2:
        return points
    p0 = np.vstack([2 * points[0] - points[1], points[:-2]])
    p1, p2 = points[:-1], points[1:]
    p3 = np.vstack([points[2:], 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, per_segment, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (p[:, None, :] for p in (p0, p1, p2, p3))
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return np.vstack([curve.reshape(-1, 2), points[-1:]])
