"""Shares with intervals in `docs/learn/models.json`: `mnist/MODEL`, `strokes/MODEL`, and what each
threshold rejects, `threshold/0.9/digits` and `/letters`, or `threshold/shipped/…`. `times/MODEL` is
how many times as large a share of the drawings is wrong as of MNIST's test pictures."""

from __future__ import annotations

from tests.learn.measure import Share, read_measurements
from trainer.evaluation.benchmark.results import per_cent
from trainer.recognition.bundle import PRETRAINED, read_bundle


def figures() -> dict[str, str]:
    """By name."""
    found = read_measurements()
    intervals = {
        f"{data}/{model}": _with_interval(share)
        for data, shares in (("mnist", found.mnist), ("strokes", found.strokes))
        for model, share in shares.items()
    }
    shipped = read_bundle(PRETRAINED / "inkling").card.rejection_threshold
    named = {round(shipped, 4): "shipped"}
    rejected = {
        f"threshold/{named.get(each.threshold, each.threshold)}/{kind}": f"{100 * share:.1f} %"
        for each in found.thresholds
        for kind, share in (("digits", each.digits), ("letters", each.letters))
    }
    counts = {"strokes/pictures": f"{found.pictures:,}", "strokes/writers": str(found.writers)}
    times = {
        f"times/{model}": f"{(1 - found.strokes[model].value) / (1 - share.value):.1f}"
        for model, share in found.mnist.items()
    }
    return intervals | rejected | counts | times


def _with_interval(share: Share) -> str:
    return f"{per_cent(share.value)} ({100 * share.low:.1f}–{100 * share.high:.1f})"
