"""The results of measuring labeled pictures, and their text form for the terminal."""

from __future__ import annotations

from typing import Literal

import msgspec

from trainer.evaluation.wilson import wilson_interval
from trainer.recognition.prediction import Certainty

What = Literal["digit", "number", "not a digit"]
"""What the pictures of a row show."""

WHATS: tuple[What, ...] = ("digit", "number", "not a digit")


class KindRow(msgspec.Struct, kw_only=True):
    """Counts of the pictures of one kind that show the same sort of thing."""

    kind: str
    what: What
    pictures: int = 0
    right: int = 0
    """Digits and numbers whose digits are right, accepted or not; non-digits that are rejected."""
    accepted: int = 0
    """Digits and numbers that are right and accepted; of non-digits the same as `right`."""
    sure_and_wrong: int = 0
    """Pictures with a wrong answer that is called `sure`."""
    unread: int = 0
    """Pictures that are refused or empty, for which there is no answer. They count as not right,
    but as rejected where they show no digit."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of `accepted`, 0..1, by `wilson_interval`."""
        return wilson_interval(self.accepted, self.pictures)


class PictureMistake(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that is not read right and accepted, or a non-digit that is not rejected."""

    file: str
    kind: str
    truth: str
    answer: str
    """What was read, accepted or not; empty without an answer."""
    certainty: Certainty | None
    """The certainty that the answer states; None without an answer."""
    confidence: float
    error: str
    """Why there is no answer, otherwise empty."""
    picture: str
    """A small copy of the picture, as a data URL; empty if it cannot be decoded."""
    seen: str
    """What the model saw, side by side for a number, as a data URL; empty without an answer."""


class PictureResults(msgspec.Struct, frozen=True, kw_only=True):
    """All results of one folder."""

    command: str
    """The command line."""
    model: str
    """The bundle's version."""
    preprocessing: int
    """The version of preprocessing."""
    rows: list[KindRow]
    """By kind, in the order of the manifest."""
    totals: list[KindRow]
    """Over all kinds, for each thing that is shown."""
    left_out: int
    """Number of rows of the manifest that are invalid."""
    left_out_rows: list[str]
    """The first of them, with the reason."""
    mistakes: list[PictureMistake]
    """The most confident mistakes of each kind, the most confident first; not all of them."""


def as_text(results: PictureResults) -> str:
    """The results as a table for a terminal."""
    width = max(len("kind"), *(len(row.kind) for row in results.rows)) + 2
    lines = [
        f"{'kind':{width}}{'shows':12}{'pictures':>9}{'right':>9}{'and accepted':>14}"
        f"{'95 % interval':>17}{'sure, wrong':>13}{'no answer':>11}"
    ]
    for row in (*results.rows, *results.totals):
        low, high = row.interval
        interval = f"{100 * low:.1f} to {100 * high:.1f} %"
        lines.append(
            f"{row.kind:{width}}{row.what:12}{row.pictures:>9,}{row.right / row.pictures:>9.1%}"
            f"{row.accepted / row.pictures:>14.1%}{interval:>17}{row.sure_and_wrong:>13,}"
            f"{row.unread:>11,}"
        )
    if results.left_out:
        lines.append(f"{results.left_out:,} rows of the manifest were left out")
    return "\n".join(lines)
