"""Timing of inference and preprocessing."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np


def median_ms(work: Callable[[int], object], times: int) -> float:
    """The median duration of `work(0)`, …, `work(times - 1)`, in ms, with OpenCV on one thread."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    durations = []
    for index in range(times):
        started = time.perf_counter()
        work(index)
        durations.append(time.perf_counter() - started)
    cv2.setNumThreads(threads)
    return 1000 * float(np.median(durations))
