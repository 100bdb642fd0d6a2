"""The page for a class: games for a projector, which stay in the browser."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _

from webapp.pages import text
from webapp.pages.shared import blueprint
from webapp.services import services


@blueprint.get("/class")
def lesson() -> str:
    """The class page."""
    words = text.answer_words() | {"lesson": _words()}
    return render_template("class.html", models=services().models, words=words)


def _words() -> dict[str, object]:
    """The strings of the games, each by the game's name where they differ.

    {digit} is what to write, {hits} of {all} tries count, {wanted} was chosen or to be written, and
    {reading} is what the model read.
    """
    return {
        "covered": _("The model has read it."),
        "tasks": {
            "guess": _("Everyone guesses what the model will read; then reveal it."),
            "challenge": _("Write a {digit}."),
            "fool": _("Say what you write, then write it so that the model reads something else."),
        },
        "done": {"guess": _("Reveal"), "challenge": _("That’s it"), "fool": _("Reveal")},
        "next": _("Next"),
        "over": _("That was the last one."),
        "tallies": {
            "guess": _("Guessed right: {hits} of {all}."),
            "challenge": _("Read as written: {hits} of {all}."),
            "fool": _("Fooled: {hits} of {all}."),
        },
        "tried": {
            "guess": _("guessed {wanted}, read {reading}"),
            "challenge": _("written {wanted}, read {reading}"),
            "fool": _("written {wanted}, read {reading}"),
        },
        "none": _("not a digit"),
        "several": _("several digits"),
    }
