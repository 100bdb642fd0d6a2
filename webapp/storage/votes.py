"""The votes on a drawing: which origins gave each label."""

from __future__ import annotations

from webapp.storage.tables import Drawing

_VOTES_OF_A_LABEL = 50  # origins that are remembered


def vote(drawing: Drawing, origin: str, label: str) -> None:
    """Count a label, once for each origin; a drawing that is not reviewed yet may be disputed."""
    votes = drawing.votes or {drawing.visitor_truth: [drawing.origin or drawing.visitor]}
    for_label = votes.get(label, [])
    if origin not in for_label and len(for_label) < _VOTES_OF_A_LABEL:
        for_label = [*for_label, origin]
    drawing.votes = votes | {label: for_label}
    drawing.is_disputed = drawing.reviewed is None and len(drawing.votes) > 1


def withdraw_vote(drawing: Drawing, origin: str) -> None:
    """Take back what an origin gave."""
    votes = drawing.votes or {}
    left = {label: [each for each in who if each != origin] for label, who in votes.items()}
    drawing.votes = {label: who for label, who in left.items() if who}
