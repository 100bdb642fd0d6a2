"""The about page: what is stored, and the sources of the training data."""

from __future__ import annotations

from flask import render_template

from webapp.pages.shared import blueprint
from webapp.services import services


@blueprint.get("/about")
def about() -> str:
    """The about page."""
    cards = services().models.cards().values()
    attributions = dict.fromkeys(line for card in cards for line in card.attribution)
    keep_days = services().settings.keep_days
    return render_template("about.html", attributions=attributions, keep_days=keep_days)
