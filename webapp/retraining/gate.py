"""Whether a new version may answer in place of the active one: measured, not believed."""

from __future__ import annotations

from typing import Literal

import msgspec

HELD_BACK = "corrections"
"""The set of corrected drawings that no model ever learns from."""

Reason = Literal["better", "worse", "not better", "nothing to compare"]


class Measured(msgspec.Struct, frozen=True):
    """What one version makes of a set: what `python -m trainer compare --json` tells of it."""

    pictures: int
    accuracy: float | None = None
    """Share of the digits that is read right."""
    confusion: list[list[int]] | None = None
    """Row: the truth, column: the answer."""
    rejected: float | None = None
    """Of a set that holds no digits: the share that is told from digits."""


class Compared(msgspec.Struct, frozen=True):
    """What both versions make of one set, the active one first."""

    data: str
    measured: tuple[Measured, Measured]


class Comparison(msgspec.Struct, frozen=True):
    """What `python -m trainer compare --json` prints."""

    versions: tuple[str, str]
    sets: list[Compared]
    missing: list[str]


class Row(msgspec.Struct, frozen=True):
    """One set: the shares that the active version and the new one have right."""

    data: str
    digits: bool
    pictures: int
    before: float
    after: float
    confusion_before: list[list[int]] | None = None
    confusion_after: list[list[int]] | None = None

    @property
    def gain(self) -> float:
        """How many more pictures are right."""
        return (self.after - self.before) * self.pictures


class Verdict(msgspec.Struct, frozen=True):
    """What was found, and whether the new version takes over by itself."""

    before: str
    after: str
    rows: list[Row]
    missing: list[str]
    margin: float
    """What a set may lose, in percentage points."""
    worse: list[str]
    """The sets that lose more."""
    judged_by: Literal["held back", "overall"]
    gain: float
    """How many more pictures of those are right."""
    reason: Reason
    by_itself: bool


def judge(comparison: Comparison, margin: float) -> Verdict:
    """Let the new version take over if no set loses more than the margin, in points, and it is
    better on what was held back of people's corrections; where nothing was, on all sets together.
    """
    rows = [_row(each) for each in comparison.sets]
    worse = [row.data for row in rows if 100 * (row.before - row.after) > margin + 1e-9]
    held_back = [row for row in rows if row.data == HELD_BACK]
    gain = sum(row.gain for row in held_back or rows)
    better = gain > 1e-6
    reason: Reason = "better"
    if not rows:
        reason = "nothing to compare"
    elif worse:
        reason = "worse"
    elif not better:
        reason = "not better"
    return Verdict(
        before=comparison.versions[0],
        after=comparison.versions[1],
        rows=rows,
        missing=comparison.missing,
        margin=margin,
        worse=sorted(set(worse)),
        judged_by="held back" if held_back else "overall",
        gain=round(gain, 3),
        reason=reason,
        by_itself=reason == "better",
    )


def _row(compared: Compared) -> Row:
    before, after = compared.measured
    digits = before.accuracy is not None
    return Row(
        data=compared.data.partition(":")[0],
        digits=digits,
        pictures=before.pictures,
        before=_share(before),
        after=_share(after),
        confusion_before=before.confusion,
        confusion_after=after.confusion,
    )


def _share(measured: Measured) -> float:
    share = measured.rejected if measured.accuracy is None else measured.accuracy
    return share or 0.0
