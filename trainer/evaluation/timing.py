"""How long something takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np


def median_ms(work: Callable[[int], object], times: int) -> float:
    """The median of `work(0)`, `work(1)`, … in milliseconds, with OpenCV on one thread."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    taken = []
    for index in range(times):
        started = time.perf_counter()
        work(index)
        taken.append(time.perf_counter() - started)
    cv2.setNumThreads(threads)
    return 1000 * float(np.median(taken))
