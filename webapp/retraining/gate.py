"""Decides whether a new version is promoted, refused, or left to a person, from a comparison.

The comparison (`python -m trainer compare`) is made on samples that no training uses, with 95 %
intervals by writer. What lies within an interval is not known, and then a person decides.
"""

from __future__ import annotations

from typing import Literal

import msgspec

HELD_BACK = "corrections"
"""Name of the set of labeled drawings that are held out for evaluation."""

EVERYTHING = "everything"
"""Name of all other data sets together."""

Reason = Literal["better", "worse", "open", "not better", "nothing to compare", "superseded"]
"""worse: it certainly reads less of something, perhaps by more than the margin. open: it may read
less of something, by more than the margin. not better: what decides may be chance. superseded:
another version became active before the new one could be promoted."""

Decision = Literal["promoted", "refused", "person"]

Measure = Literal["right", "calibration"]


class Gain(msgspec.Struct, frozen=True):
    """By how much the new version is better than another one, with its 95 % interval, -1..1."""

    value: float
    low: float
    high: float


class Score(msgspec.Struct, frozen=True):
    """One measure of all versions on the same samples, from `python -m trainer compare --json`."""

    data: str
    measure: Measure
    pictures: int
    writers: int
    digits: bool
    """Whether there are digits among the samples."""
    values: list[float]
    """Of the active version, of the shipped one if that is another, and of the new one, 0..1."""
    gains: list[Gain]
    """Of the new version over each of the others."""
    confusions: list[list[list[int]]] = []


class Comparison(msgspec.Struct, frozen=True):
    """The output of `python -m trainer compare --json`, the new version last."""

    versions: list[str]
    scores: list[Score]
    missing: list[str]


class Row(msgspec.Struct, frozen=True):
    """One measure of both versions on one set: the share that is right, or the calibration error.

    Rows of former releases have no intervals.
    """

    data: str
    digits: bool
    pictures: int
    before: float
    after: float
    confusion_before: list[list[int]] | None = None
    confusion_after: list[list[int]] | None = None
    measure: Measure = "right"
    writers: int = 0
    gain: Gain | None = None
    """Over the active version."""
    shipped: float | None = None
    """The shipped version's value, where that is not the active one."""
    floor: Gain | None = None
    """The gain over the shipped version, which is a floor for all others."""

    @property
    def gains(self) -> list[Gain]:
        """All gains that are known."""
        return [gain for gain in (self.gain, self.floor) if gain is not None]


class Verdict(msgspec.Struct, frozen=True):
    """The comparison of two versions, and whether the new one is promoted automatically."""

    before: str
    after: str
    rows: list[Row]
    missing: list[str]
    margin: float
    """Percentage points that the new version may lose on a set."""
    worse: list[str]
    """Names of the sets on which it is worse than the active or the shipped version."""
    judged_by: Literal["held back", "overall"]
    gain: float
    """How many more samples of the deciding sets the new version gets right."""
    reason: Reason
    auto_promoted: bool
    open: list[str] = []
    """Names of the sets on which it may be worse, for all that the samples tell."""
    shipped: str | None = None
    """The shipped version, where it was compared as well."""

    @property
    def decision(self) -> Decision:
        """What becomes of the new version."""
        if self.auto_promoted:
            return "promoted"
        return "refused" if self.reason == "worse" else "person"


def judge(comparison: Comparison, margin: float) -> Verdict:
    """Promote the new version if it is certainly better, and certainly loses no more than a margin.

    Better means that the interval of what decides lies above 0: the share of the held-out
    corrections that is right or, if there are none, of all sets together. Nothing, compared with
    the active version or with the shipped one, may be lost by more than `margin`, percentage points
    of the whole interval. Where a loss is certain and may exceed it, the version is refused. In all
    other cases a person decides.
    """
    rows = [_row(score) for score in comparison.scores]
    allowed = -margin / 100 - 1e-9
    exceeding = [row for row in rows if any(gain.low < allowed for gain in row.gains)]
    worse = [row for row in exceeding if any(gain.high < 0 for gain in row.gains)]
    held_back = _deciding(rows, HELD_BACK)
    deciding = held_back or _deciding(rows, EVERYTHING)
    is_better = deciding is not None and deciding.gain is not None and deciding.gain.low > 0
    unsure = [row for row in exceeding if row not in worse and (row != deciding or is_better)]
    reason: Reason = "better"
    if deciding is None:
        reason = "nothing to compare"
    elif worse:
        reason = "worse"
    elif unsure:
        reason = "open"
    elif not is_better:
        reason = "not better"
    before, *between, after = comparison.versions
    return Verdict(
        before=before,
        after=after,
        rows=rows,
        missing=comparison.missing,
        margin=margin,
        worse=sorted({row.data for row in worse}),
        judged_by="held back" if held_back else "overall",
        gain=round(deciding.gain.value * deciding.pictures, 3) if deciding and deciding.gain else 0,
        reason=reason,
        auto_promoted=reason == "better",
        open=sorted({row.data for row in unsure}),
        shipped=between[0] if between else None,
    )


def superseded(verdict: Verdict) -> Verdict:
    """The verdict on a version that could not be promoted, as another one was meanwhile."""
    return msgspec.structs.replace(verdict, reason="superseded", auto_promoted=False)


def _deciding(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if (row.data, row.measure) == (name, "right")), None)


def _row(score: Score) -> Row:
    before, *between, after = score.values
    gain, *floor = score.gains
    confusion_before, confusion_after = (
        (score.confusions[0], score.confusions[-1]) if score.confusions else (None, None)
    )
    return Row(
        data=score.data.partition(":")[0],
        digits=score.digits,
        pictures=score.pictures,
        before=before,
        after=after,
        confusion_before=confusion_before,
        confusion_after=confusion_after,
        measure=score.measure,
        writers=score.writers,
        gain=gain,
        shipped=between[0] if between else None,
        floor=floor[0] if floor else None,
    )
