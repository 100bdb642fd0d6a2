"""Confidence intervals of a share, or of the difference of two models, by resampling writers.

The drawings of one writer look alike, so that they are no independent observations: what is
resampled is writers, with all of their drawings (Efron and Tibshirani 1993, the paired bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Floats

MIN_WRITERS = 6
"""Fewer writers tell nothing. That all of so many are better off by chance alone, as so many coins
all fall heads, has a probability of 1.6 %."""

_RESAMPLES = 1000
_PERCENTILES = (2.5, 97.5)
_CHUNK = 100  # resamples at once, so that the memory does not grow with their number
_SEED = 0


class Gain(msgspec.Struct, frozen=True):
    """By how much the last bundle is better than another one, with its 95 % interval, -1..1."""

    value: float
    low: float
    high: float


def total(sums: Floats) -> Floats:
    """The statistic of samples: the sum of the absolute column sums, over their number.

    `sums` is float64 [..., columns + 1], column sums and in the last column the number of samples.
    For one column of zeros and ones this is a share. For the differences of confidence and
    correctness, a column for each bin of confidence, it is the expected calibration error.
    """
    share: Floats = np.abs(sums[..., :-1]).sum(axis=-1) / np.maximum(sums[..., -1], 1)
    return share


def by_writer(values: Floats, writers: NDArray[np.int64]) -> Floats:
    """Sum samples by writer: values [n, columns] and writers [n] to sums [writers, columns + 1]."""
    _names, numbers = np.unique(writers, return_inverse=True)
    sums = np.zeros((numbers.max(initial=-1) + 1, values.shape[1] + 1))
    np.add.at(sums, numbers, np.column_stack([values, np.ones(len(values))]))
    return sums


def gain(before: Floats, after: Floats, *, lower_is_better: bool = False) -> Gain:
    """The gain from `before` to `after`, the sums by writer of two models on the same samples.

    Both are float64 [writers, columns + 1], as `by_writer` makes them. With fewer than
    `MIN_WRITERS` the interval is everything that is possible.
    """
    sign = -1 if lower_is_better else 1
    value = sign * float(total(after.sum(axis=0)) - total(before.sum(axis=0)))
    writers = len(before)
    if writers < MIN_WRITERS:
        return Gain(value, -1.0, 1.0)
    if np.array_equal(before, after):
        return Gain(value, 0.0, 0.0)
    gains = [sign * (total(drawn @ after) - total(drawn @ before)) for drawn in _draws(writers)]
    low, high = np.percentile(np.concatenate(gains), _PERCENTILES)
    return Gain(value, float(low), float(high))


def interval(sums: Floats) -> tuple[float, float] | None:
    """The 95 % interval of `total`, given the sums by writer of one model.

    `sums` is float64 [writers, columns + 1], as `by_writer` makes them. None with fewer than
    `MIN_WRITERS`, and where writers do not differ, of which resampling makes no interval.
    """
    by_itself = total(sums)
    if len(sums) < MIN_WRITERS or by_itself.min() == by_itself.max():
        return None
    shares = [total(drawn @ sums) for drawn in _draws(len(sums))]
    low, high = np.percentile(np.concatenate(shares), _PERCENTILES)
    return float(low), float(high)


def _draws(writers: int) -> Iterator[Floats]:
    """How often each writer is drawn in each resample: chunks of float64 [resamples, writers]."""
    rng = np.random.default_rng(_SEED)
    for _ in range(0, _RESAMPLES, _CHUNK):
        yield rng.multinomial(writers, np.full(writers, 1 / writers), size=_CHUNK).astype(float)
