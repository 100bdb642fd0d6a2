"""Whether what visitors draw departs from what they drew before.

The statistic is the population stability index (PSI), the symmetric Kullback-Leibler divergence of
two distributions: 0 where they are equal, by convention large from 0.2 to 0.25 on. If both are
samples of one distribution with k kinds, it is distributed as (1/n + 1/m) times chi-squared with
k - 1 degrees of freedom (Yurdakul and Naranjo 2020).

A version's test is no such sample: it has finished digits, and a site reads drawings as they grow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Literal

from trainer.recognition.bundle import Card
from trainer.recognition.labels import DIGITS
from webapp.inference.answers import CONFIDENT, NUMBER
from webapp.schemas import NOT_A_DIGIT
from webapp.storage.answer_counts import Counted, Kind

LEAST = 500
"""Answers on either side of a comparison, below which nothing is said."""
LEAST_DAYS = 7
"""Days with answers before those that are compared with them, below which nothing is said."""
LARGE = 0.2
"""PSI, below which a difference does not matter, however certain it is."""
READINGS = 10
"""A drawing may be read so many times while it grows, so that n answers tell as much as n / 10."""

_CHI_SQUARED = {1: 12.873, 9: 30.699}
"""The quantiles by degrees of freedom that chance exceeds once in 3,000 times: in one of the three
comparisons, once in 1,000."""
_PEOPLE = ("strokes", "mnist")
"""Data sets of single digits by people, the one that is most like what visitors draw first."""

Aspect = Literal["digits", "not_a_digit", "confidence"]


@dataclass(slots=True)
class Profile:
    """What was answered: counts of single digits and of what is none, and of numbers apart."""

    digits: list[int] = field(default_factory=lambda: [0] * DIGITS)
    not_a_digit: int = 0
    confident: int = 0
    """Digits with a confidence of at least `CONFIDENT`."""
    certainties: dict[str, int] = field(default_factory=dict)
    """Digits by their certainty; empty for a test, whose card does not tell."""
    numbers: int = 0

    @property
    def accepted(self) -> int:
        """Answers that are a digit."""
        return sum(self.digits)

    @property
    def single(self) -> int:
        """Answers that are a digit or none."""
        return self.accepted + self.not_a_digit

    @property
    def by_acceptance(self) -> tuple[int, int]:
        """How many are a digit, and how many none."""
        return self.accepted, self.not_a_digit

    @property
    def by_confidence(self) -> tuple[int, int]:
        """How many digits are confident, and how many are not."""
        return self.confident, self.accepted - self.confident


@dataclass(frozen=True, slots=True)
class Comparison:
    """An aspect of two profiles that both have enough answers of."""

    aspect: Aspect
    psi: float
    departs: bool
    """Whether the difference is large, and not by chance."""


def profile(counts: Mapping[Kind, Counted]) -> Profile:
    """The sum of counts."""
    found = Profile()
    for kind, counted in counts.items():
        if kind.reading == NUMBER:
            found.numbers += counted.answers
        elif kind.reading == NOT_A_DIGIT:
            found.not_a_digit += counted.answers
        else:
            found.digits[int(kind.reading)] += counted.answers
            found.confident += counted.confident
            so_far = found.certainties.get(kind.certainty, 0)
            found.certainties[kind.certainty] = so_far + counted.answers
    return found


def own_test(card: Card) -> tuple[str, Profile] | None:
    """The data set of the version's own test that is most like visitors' drawings, and what the
    version answered there; None if its card has no test on single digits by people.
    """
    by_data = {each.data: each for each in card.evaluations}
    names = [name for name in _PEOPLE if name in by_data]
    if not names:
        return None
    test = by_data[names[0]]
    rejected = round(test.rejected * test.pictures)
    accepted = test.pictures - rejected
    # The card has the digits and confidences of all pictures: those of the accepted are in
    # proportion, as hardly any is rejected.
    share = accepted / max(1, test.pictures)
    answered = [sum(row[digit] for row in test.confusion) for digit in range(DIGITS)]
    confident = sum(b.pictures for b in test.reliability if b.confidence >= CONFIDENT)
    digits = [round(count * share) for count in answered]
    return names[0], Profile(digits, rejected, round(confident * share))


def comparisons(now: Profile, before: Profile) -> list[Comparison]:
    """How two profiles compare in each aspect of which both have `LEAST` answers.

    One departs from the other if the PSI is at least `LARGE`, and if chance alone would lead to any
    such line once in a thousand times, were drawings independent.
    """
    aspects: dict[Aspect, tuple[Sequence[int], Sequence[int]]] = {
        "digits": (now.digits, before.digits),
        "not_a_digit": (now.by_acceptance, before.by_acceptance),
        "confidence": (now.by_confidence, before.by_confidence),
    }
    return [
        Comparison(aspect, found := psi(ours, theirs), found >= critical_psi(ours, theirs))
        for aspect, (ours, theirs) in aspects.items()
        if min(sum(ours), sum(theirs)) >= LEAST
    ]


def psi(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """The population stability index of two counts of answers by kind."""
    smooth = 0.5  # or a kind that never occurs would be infinitely surprising
    p, q = (
        [(n / READINGS + smooth) / (sum(each) / READINGS + smooth * len(each)) for n in each]
        for each in (ours, theirs)
    )
    return sum((a - b) * log(a / b) for a, b in zip(p, q, strict=True))


def critical_psi(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """The PSI from which a difference counts: large, and rarer by chance than `_CHI_SQUARED`."""
    by_chance = READINGS / max(1, sum(ours)) + READINGS / max(1, sum(theirs))
    return max(LARGE, _CHI_SQUARED[len(ours) - 1] * by_chance)
