"""From which confidence on an answer is worded as sure or likely: `said/sure` and `said/likely`."""

from __future__ import annotations

from trainer.recognition.prediction import LIKELY, SURE


def figures() -> dict[str, str]:
    """By name."""
    return {"said/sure": f"{100 * SURE:.0f} %", "said/likely": f"{100 * LIKELY:.0f} %"}
