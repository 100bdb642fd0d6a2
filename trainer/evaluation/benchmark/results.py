"""What the benchmark found, as numbers: written as JSON, printed as a table, shown as a page."""

from __future__ import annotations

import msgspec

from trainer.recognition.bundle import ReliabilityBin


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Share of pictures read right by each reader, by its name."""

    name: str
    setting: str
    pictures: int
    right: dict[str, float]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How well a reader tells what is not a digit, at 1 % of true digits rejected."""

    auroc: float
    """Area under the ROC curve of the digit score, digits against letters and symbols."""
    rejected: float
    """Share of letters and symbols below the score that 1 % of these digits fall below."""
    rejected_by_card: float
    """The same with the threshold that the bundle was shipped with."""
    digits_lost_by_card: float


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One of the worst errors: a digit taken for another with the highest probability."""

    truth: str
    answer: str
    confidence: float
    writer: str
    picture: str
    """What was sent, as a PNG data URL."""
    seen: str
    """What the model saw, 28×28, as a PNG data URL."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Measured here, on one core: the median, in milliseconds."""

    parameters: int
    bundle_bytes: int
    forward_ms: float
    canvas_ms: float
    """Preprocessing of a drawing as the page sends it."""
    photo_ms: float
    """Decoding and preprocessing of a 12-megapixel JPEG photo."""


class BenchmarkReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run found."""

    command: str
    seed: int
    model: str
    preprocessing: int
    readers: list[str]
    rows: list[Row]
    numbers: list[Row]
    told: dict[str, Told]
    letters: dict[str, float]
    """By letter or symbol, the share that the shipped threshold rejects."""
    letters_counted: dict[str, int]
    look_alikes: str
    nothing: dict[str, str]
    """Blank sheet, dot, speck: what is answered to it."""
    calibration_error: float
    reliability: list[ReliabilityBin]
    mistakes: list[Mistake]
    cost: Cost


def as_text(report: BenchmarkReport) -> str:
    """The tables for a terminal."""
    width = max(len(name) for name in report.readers) + 2
    lines = [f"{'':34}{'pictures':>9}" + "".join(f"{name:>{width}}" for name in report.readers)]
    for row in (*report.rows, *report.numbers):
        shares = "".join(
            f"{row.right[name]:>{width}.2%}" if name in row.right else f"{'–':>{width}}"
            for name in report.readers
        )
        lines.append(f"{row.name:24}{row.setting:10}{row.pictures:>9,}" + shares)
    lines.append("")
    for name, told in report.told.items():
        lines.append(
            f"{name}: letters and symbols told from digits: AUROC {told.auroc:.4f}, "
            f"{told.rejected:.1%} rejected where 1 % of digits are"
        )
        if told.rejected_by_card:
            lines.append(
                f"  with the shipped threshold {told.rejected_by_card:.1%} rejected, "
                f"and {told.digits_lost_by_card:.2%} of digits"
            )
    worst = sorted(report.letters.items(), key=lambda item: item[1])
    lines.append("least rejected: " + ", ".join(f"{k} {v:.0%}" for k, v in worst[:12]))
    lines.append(f"left out as look-alikes: {report.look_alikes}")
    lines += [f"{name}: {answer}" for name, answer in report.nothing.items()]
    lines.append(f"calibration error (15 bins) on drawn digits: {report.calibration_error:.2%}")
    cost = report.cost
    lines.append(
        f"{cost.parameters:,} parameters, bundle {cost.bundle_bytes / 1e6:.2f} MB, forward "
        f"{cost.forward_ms:.2f} ms, canvas drawing {cost.canvas_ms:.2f} ms, "
        f"12-megapixel photo {cost.photo_ms:.0f} ms"
    )
    return "\n".join(lines)
