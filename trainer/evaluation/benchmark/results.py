"""The benchmark's results, and their text form for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from trainer.evaluation.number_calibration import as_lines
from trainer.recognition.bundle import NumberReliability, ReliabilityBin


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy on one set of samples."""

    name: str
    """The nuisance, or the data set."""
    setting: str
    """Plain, random or hardest; for numbers, their length."""
    pictures: int
    """Number of samples."""
    right: dict[str, float]
    """Accuracy, 0..1, by the reader's name."""
    accepted: dict[str, float]
    """Share that is right and not rejected, 0..1, by the reader's name."""
    writers: int = 0
    """Number of writers; 0 where they are unknown."""
    interval: tuple[float, float] | None = None
    """The 95 % interval of the first reader's accuracy, 0..1, from a bootstrap by writer."""
    worst_writer: float | None = None
    """The first reader's accuracy, 0..1, on the writer of whom it reads least."""


class OodMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How well a reader distinguishes digits from letters and symbols (out of distribution)."""

    auroc: float
    """Area under the ROC curve of the digit score, 0..1."""
    rejected: float
    """Share of letters and symbols rejected, 0..1, at the threshold that rejects 1 % of digits."""
    rejected_by_card: float
    """Share of letters and symbols rejected at the threshold in the bundle's card, 0..1."""
    digits_rejected_by_card: float
    """Share of digits rejected at that threshold, 0..1."""


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """A confident error: a digit that is taken for another."""

    truth: str
    answer: str
    """The predicted digit."""
    confidence: float
    """Probability of the predicted digit, 0..1."""
    writer: str
    """The collection that the writer belongs to."""
    picture: str
    """The image that was sent, as a PNG data URL."""
    seen: str
    """The 28×28 pixels that the model was given, as a PNG data URL."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Size, and median times on one core of the machine that runs the benchmark."""

    parameters: int
    bundle_bytes: int
    forward_ms: float
    canvas_ms: float
    """Time to preprocess a drawing as the page sends it."""
    photo_ms: float
    """Time to decode and preprocess a 12-megapixel JPEG photo."""


class BenchmarkResults(msgspec.Struct, frozen=True, kw_only=True):
    """All results of one run."""

    command: str
    """The command line."""
    seed: int
    model: str
    """The bundle's version."""
    preprocessing: int
    """The version of preprocessing."""
    readers: list[str]
    """Names of the readers; the bundle is the first."""
    rows: list[Row]
    """Accuracy on single digits."""
    numbers: list[Row]
    """Accuracy of the bundle on numbers."""
    ood_metrics: dict[str, OodMetrics]
    """By the reader's name."""
    letters: dict[str, float]
    """Share that is rejected at the threshold in the card, 0..1, by letter or symbol."""
    letters_counted: dict[str, int]
    """Number of samples, by letter or symbol."""
    look_alikes: str
    """The letters and symbols that are left out, separated by spaces."""
    blank_inputs: dict[str, str]
    """What is predicted for a blank sheet, a dot, a speck."""
    calibration_error: float
    """Of the bundle on digits with all nuisances at once."""
    reliability: list[ReliabilityBin]
    """The reliability diagram on the same samples."""
    number_calibration: list[NumberReliability]
    """The confidence of the bundle in numbers: apart, touching, with a mark, in two rows."""
    mistakes: list[Mistake]
    """The bundle's most confident errors on the same samples."""
    cost: Cost


def columns(results: BenchmarkResults) -> list[str]:
    """The headings of the table of accuracies, after name, setting and pictures."""
    first, *others = results.readers
    return [first, "and accepted", "95 %, by writer", "worst writer", *others]


def cells(results: BenchmarkResults, row: Row) -> list[str]:
    """The cells of a row of the table of accuracies, below `columns`; a dash where unknown."""
    first, *others = results.readers
    interval = "–"
    if row.interval:
        interval = f"{100 * row.interval[0]:.1f} to {100 * row.interval[1]:.1f} %"
    known = [row.right.get(first), row.accepted.get(first), row.worst_writer]
    right, accepted, worst = map(per_cent, known)
    return [right, accepted, interval, worst, *(per_cent(row.right.get(name)) for name in others)]


def per_cent(share: float | None) -> str:
    """A share, 0..1, with two decimals; a dash if it is unknown."""
    return "–" if share is None else f"{100 * share:.2f} %"


def as_text(results: BenchmarkResults) -> str:
    """The results as tables for a terminal."""
    headings = columns(results)
    widths = [max(len(heading), 15) + 2 for heading in headings]
    names = max(len(row.name) for row in (*results.rows, *results.numbers)) + 2
    lines = [f"{'':{names + 10}}{'pictures':>9}" + _aligned(headings, widths)]
    for row in (*results.rows, *results.numbers):
        line = f"{row.name:{names}}{row.setting:10}{row.pictures:>9,}"
        lines.append(line + _aligned(cells(results, row), widths))
    lines.append("")
    for name, ood in results.ood_metrics.items():
        lines.append(
            f"{name}: non-digits (letters and symbols) rejected: {ood.rejected:.1%} "
            f"at 1 % of digits rejected, AUROC {ood.auroc:.4f}"
        )
        if ood.rejected_by_card:
            lines.append(
                f"  at the card's threshold: {ood.rejected_by_card:.1%}, "
                f"and {ood.digits_rejected_by_card:.2%} of digits"
            )
    worst = sorted(results.letters.items(), key=lambda item: item[1])
    lines.append("rejected least: " + ", ".join(f"{k} {v:.0%}" for k, v in worst[:12]))
    lines.append(f"left out as look-alikes: {results.look_alikes}")
    lines += [f"{name}: {prediction}" for name, prediction in results.blank_inputs.items()]
    lines.append(f"calibration error (15 bins) on drawn digits: {results.calibration_error:.2%}")
    lines += as_lines(results.number_calibration)
    cost = results.cost
    lines.append(
        f"{cost.parameters:,} parameters, bundle {cost.bundle_bytes / 1e6:.2f} MB, forward "
        f"{cost.forward_ms:.2f} ms, canvas drawing {cost.canvas_ms:.2f} ms, "
        f"12-megapixel photo {cost.photo_ms:.0f} ms"
    )
    return "\n".join(lines)


def _aligned(texts: Iterable[str], widths: Iterable[int]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))
