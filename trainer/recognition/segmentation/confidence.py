"""The probability that a number was read right, from how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

import numpy as np

from trainer.recognition.array_types import Floats

_CLEAR = 10.0  # a margin from which on the second best way to read a number hardly counts
_LOWEST = -6.0  # of a logarithm of a probability


@dataclass(frozen=True, slots=True)
class Doubts:
    """What speaks for and against the digits that were read: features of a logistic model."""

    margin: float
    """Log likelihood by which they are likelier than other digits, at most `_CLEAR`."""
    rows: float
    """Log likelihood of the text by the row reader, at least `_LOWEST`, as where it read no row."""
    close: float
    """Minus the log of their share in both together."""
    confidence: float
    """Sum of the logs of the digits' probabilities."""
    score: float
    """Log of the lowest digit score."""
    digits: float
    """Number of digits."""
    cuts: float
    """Number of places where digits were cut apart."""
    marks: float
    """Largest probability that one of the digits is a mark, by its shape and place."""
    others: float
    """Number of components that were not read, at most 3."""

    def features(self) -> Floats:
        """float64 [features]."""
        return np.array(astuple(self))


NAMES = [field.name for field in fields(Doubts)]


def doubts(
    margin: float,
    rows: float | None,
    probabilities: Floats,
    scores: Floats,
    cuts: float,
    marks: float,
    others: int,
) -> Doubts:
    """`probabilities` and `scores` are those of each digit, 0..1, float64 [digits]."""
    least = np.exp(_LOWEST)
    return Doubts(
        margin=min(margin, _CLEAR),
        rows=_LOWEST if rows is None else max(_LOWEST, rows),
        close=float(np.logaddexp(0, -margin)),
        confidence=max(_LOWEST, float(np.log(np.maximum(probabilities, least)).sum())),
        score=float(np.log(max(float(scores.min()), least))),
        digits=float(len(scores)),
        cuts=cuts,
        marks=marks,
        others=float(min(others, 3)),
    )


def number_confidence(found: Doubts, weights: Mapping[str, float]) -> float:
    """The probability, 0..1, that the digits are right.

    `weights` are those of the card; without any, the digits' probabilities are multiplied with the
    share of the best way to read the number in the best two.
    """
    if not weights:
        return float(np.exp(found.confidence - found.close) * (1 - found.marks))
    weights = {"rows": 0.0, **weights}  # a card from before there was a row reader has none
    odds = weights["bias"] + float(found.features() @ [weights[name] for name in NAMES])
    return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))
