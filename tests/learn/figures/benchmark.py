"""Shares that are right in `docs/benchmark.json`: `right/ROW/SETTING/READER`, and what else the
texts say of it."""

from __future__ import annotations

from tests.bench.figures import read_results
from trainer.evaluation.benchmark.results import per_cent


def figures() -> dict[str, str]:
    """By name."""
    results = read_results()
    found = {
        f"right/{row.name}/{row.setting}/{reader}": per_cent(share)
        for row in results.rows
        for reader, share in row.right.items()
    }
    drawn = next(row for row in results.rows if row.name == "all at once")
    ours = results.ood_metrics[results.readers[0]]
    return found | {
        "drawn/pictures": f"{drawn.pictures:,}",
        "drawn/writers": str(drawn.writers),
        "calibration error": per_cent(results.calibration_error),
        "letters rejected": f"{100 * ours.rejected_by_card:.1f} %",
        "digits lost": per_cent(ours.digits_rejected_by_card),
    }
