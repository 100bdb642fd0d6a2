"""The confidence interval of a share whose samples are independent."""

from __future__ import annotations

import math

_Z = 1.96  # of a normal distribution, for 95 %


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of `right` of `count`, at least 1, as a share 0..1 (Wilson 1927).

    Pictures of one person are not independent: `bootstrap.interval` is for these.
    """
    share = right / count
    center = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = (
        _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    )
    return max(0.0, center - half), min(1.0, center + half)
