"""Whether what visitors draw departs from what a version was tested on.

The statistic is the population stability index (PSI), the symmetric Kullback-Leibler divergence of
two distributions: 0 where they are equal, by convention large from 0.2 to 0.25 on. If both are
samples of one distribution with k kinds, it is distributed as (1/n + 1/m) times chi-squared with
k - 1 degrees of freedom (Yurdakul and Naranjo 2020).
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
"""Answers, below which nothing is said."""
LARGE = 0.2
"""PSI, below which a difference does not matter, however certain it is."""
READINGS = 10
"""A drawing may be read so many times while it grows, so that n answers tell as much as n / 10."""

_CHI_SQUARED = {1: 10.828, 9: 27.877}
"""The 99.9 % quantiles by degrees of freedom."""
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
class Departure:
    """A difference between two profiles that is large, and not by chance."""

    aspect: Aspect
    psi: float


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
    version answered there; None if its card has no test.
    """
    by_data = {each.data: each for each in card.evaluations}
    names = [name for name in _PEOPLE if name in by_data] or list(by_data)
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


def departures(seen: Profile, test: Profile) -> list[Departure]:
    """In which aspects what was seen departs from the test; none while there is too little.

    A departure is a PSI of at least `LARGE` that chance would reach once in a thousand times.
    """
    aspects: dict[Aspect, tuple[Sequence[int], Sequence[int]]] = {
        "digits": (seen.digits, test.digits),
        "not_a_digit": (seen.by_acceptance, test.by_acceptance),
        "confidence": (seen.by_confidence, test.by_confidence),
    }
    return [
        Departure(aspect, psi(ours, theirs))
        for aspect, (ours, theirs) in aspects.items()
        if sum(ours) >= LEAST and psi(ours, theirs) >= critical_psi(ours, theirs)
    ]


def psi(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """The population stability index of counts of answers and of counts of a test's pictures."""
    smooth = 0.5  # or a kind that never occurs would be infinitely surprising
    n, m = sum(ours) / READINGS + smooth * len(ours), sum(theirs) + smooth * len(theirs)
    shares = [
        ((a / READINGS + smooth) / n, (b + smooth) / m) for a, b in zip(ours, theirs, strict=True)
    ]
    return sum((p - q) * log(p / q) for p, q in shares)


def critical_psi(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """The PSI from which a difference counts: large, and rarer by chance than 1 in 1,000."""
    by_chance = READINGS / max(1, sum(ours)) + 1 / max(1, sum(theirs))
    return max(LARGE, _CHI_SQUARED[len(ours) - 1] * by_chance)
