"""What the cards of the shipped models say: `parameters/MODEL`, `accuracy/MODEL/DATA`, and
`calibration/MODEL/DATA`, the calibration error."""

from __future__ import annotations

from trainer.evaluation.benchmark.results import per_cent
from trainer.recognition.bundle import PRETRAINED, read_bundle


def figures() -> dict[str, str]:
    """By name."""
    found: dict[str, str] = {}
    for folder in sorted(PRETRAINED.iterdir()):
        card = read_bundle(folder).card
        found[f"parameters/{folder.name}"] = f"{card.parameters:,}"
        for each in card.evaluations:
            name = f"{folder.name}/{each.data}"
            found[f"accuracy/{name}"] = per_cent(each.accuracy)
            found[f"calibration/{name}"] = per_cent(each.calibration_error)
    return found
