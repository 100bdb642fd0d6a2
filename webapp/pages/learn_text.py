"""The strings that the learn page's scripts use, translated when called."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.pages import text


def words() -> dict[str, object]:
    """The strings; {digit} is a digit and {share} per cent."""
    return {
        "says": says(),
        "both": _("The tutorial’s way: {scaled}. MNIST’s way: {centered}."),
        "nothing": _("nothing to read"),
        "copied": _("Copied."),
        "notCopied": _("Your browser did not allow to copy it. It is in the address bar."),
        "damaged": _("This link is damaged: it holds no drawing."),
        "problems": text.problems(),
    }


def says() -> str:
    """What a model says."""
    return _("LeNet-5 reads {digit}, with {share}.")


def inks() -> list[tuple[str, str]]:
    """The inks that the drawing may have: color and name."""
    return [
        ("#000000", _("black")),
        ("#2a4d9b", _("blue")),
        ("#c0392b", _("red")),
        ("#b8b8b8", _("pencil gray")),
        ("#f2d53c", _("yellow")),
    ]
