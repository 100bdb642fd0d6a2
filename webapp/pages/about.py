"""The page about stored data, and about the data sets that the models were trained on."""

from __future__ import annotations

from flask import render_template

from webapp.pages.shared import blueprint
from webapp.services import services


@blueprint.get("/about")
def about() -> str:
    """What is stored, for how long, and the attributions of the training data."""
    cards = services().models.cards().values()
    attributions = dict.fromkeys(line for card in cards for line in card.attribution)
    keep_days = services().settings.keep_days
    return render_template("about.html", attributions=attributions, keep_days=keep_days)
