"""How far a version in the shadow agrees with the one whose answers were shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from webapp.schemas import NOT_A_DIGIT
from webapp.storage.shadows import Pair

_PAIRS = 20
"""Kinds of disagreement that are listed, the most frequent first."""


class Disagreement(msgspec.Struct, frozen=True):
    """How often one digit, or not_a_digit, was shown where the other version reads another."""

    shown: str
    unseen: str
    answers: int


class Agreement(msgspec.Struct, frozen=True):
    """Of the version that was shown: the answers that were compared, and how many are the same."""

    version: str
    answers: int
    same: int
    both_sure: int
    """Answers of which both versions are sure."""
    both_sure_same: int
    shown_sure: int
    unseen_sure: int
    shown_not_a_digit: int
    unseen_not_a_digit: int
    disagreements: list[Disagreement]


def agreements(counts: Mapping[Pair, int]) -> list[Agreement]:
    """One for each version that was shown, the one with most answers first."""
    versions = Counter[str]()
    for pair, answers in counts.items():
        versions[pair.version] += answers
    return [_agreement(version, counts) for version, _ in versions.most_common()]


def _agreement(version: str, counts: Mapping[Pair, int]) -> Agreement:
    own = {pair: answers for pair, answers in counts.items() if pair.version == version}
    differing = Counter[tuple[str, str]]()
    for pair, answers in own.items():
        if pair.shown != pair.unseen:
            differing[pair.shown, pair.unseen] += answers
    both_sure = {
        pair: answers
        for pair, answers in own.items()
        if pair.shown_certainty == pair.unseen_certainty == "sure"
    }
    return Agreement(
        version=version,
        answers=sum(own.values()),
        same=sum(own.values()) - differing.total(),
        both_sure=sum(both_sure.values()),
        both_sure_same=sum(n for pair, n in both_sure.items() if pair.shown == pair.unseen),
        shown_sure=sum(n for pair, n in own.items() if pair.shown_certainty == "sure"),
        unseen_sure=sum(n for pair, n in own.items() if pair.unseen_certainty == "sure"),
        shown_not_a_digit=sum(n for pair, n in own.items() if pair.shown == NOT_A_DIGIT),
        unseen_not_a_digit=sum(n for pair, n in own.items() if pair.unseen == NOT_A_DIGIT),
        disagreements=[Disagreement(*pair, n) for pair, n in differing.most_common(_PAIRS)],
    )
