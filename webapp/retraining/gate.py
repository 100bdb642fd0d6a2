"""Decides whether a new version is promoted automatically, by comparing it on test sets."""

from __future__ import annotations

from typing import Literal

import msgspec

HELD_BACK = "corrections"
"""Name of the set of labeled drawings that are held out for evaluation."""

Reason = Literal["better", "worse", "not better", "nothing to compare", "superseded"]
"""Superseded: another version became active before the new one could be promoted."""


class Measured(msgspec.Struct, frozen=True):
    """One version's metrics on a test set, from `python -m trainer compare --json`."""

    pictures: int
    accuracy: float | None = None
    """Accuracy, 0..1; None for a set without digits."""
    confusion: list[list[int]] | None = None
    """Rows: labels, columns: predictions."""
    rejected: float | None = None
    """Share of samples rejected, 0..1."""


class Compared(msgspec.Struct, frozen=True):
    """Both versions' metrics on a test set, those of the active one first."""

    data: str
    measured: tuple[Measured, Measured]


class Comparison(msgspec.Struct, frozen=True):
    """The output of `python -m trainer compare --json`."""

    versions: tuple[str, str]
    sets: list[Compared]
    missing: list[str]


class Row(msgspec.Struct, frozen=True):
    """Accuracy (for non-digits, share rejected) of both versions on one test set, 0..1."""

    data: str
    digits: bool
    pictures: int
    before: float
    after: float
    confusion_before: list[list[int]] | None = None
    confusion_after: list[list[int]] | None = None

    @property
    def gain(self) -> float:
        """How many more samples the new version gets right."""
        return (self.after - self.before) * self.pictures


class Verdict(msgspec.Struct, frozen=True):
    """The comparison of two versions, and whether the new one is promoted automatically."""

    before: str
    after: str
    rows: list[Row]
    missing: list[str]
    margin: float
    """Percentage points that the new version may lose on a set."""
    worse: list[str]
    """Names of the sets on which it loses more."""
    judged_by: Literal["held back", "overall"]
    gain: float
    """How many more samples of the deciding sets the new version gets right."""
    reason: Reason
    auto_promoted: bool


def judge(comparison: Comparison, margin: float) -> Verdict:
    """Promote the new version if it is better and loses no more than the margin on any set.

    Better means more samples right on the held-out corrections or, if there are none, on all sets
    together. `margin` is in percentage points.
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
        auto_promoted=reason == "better",
    )


def superseded(verdict: Verdict) -> Verdict:
    """The verdict on a version that could not be promoted, as another one was meanwhile."""
    return msgspec.structs.replace(verdict, reason="superseded", auto_promoted=False)


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
