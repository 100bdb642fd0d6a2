"""The texts of what can be done with a drawing on the drawing page, and the names of the models.

They are translated when called, so call these functions within a request.
"""

from __future__ import annotations

from flask_babel import gettext as _


def words() -> dict[str, object]:
    """The strings that the scripts for examples, history, links and files use."""
    return {
        "partMissing": _("This part of the page did not load. Please try again in a moment."),
        "share": {
            "copied": _("Copied."),
            "notCopied": _("Your browser did not allow copying."),
            "tooLong": _("This drawing has too many strokes for a link."),
            "damaged": _("This link is damaged: it holds no drawing."),
        },
        "history": {
            "restore": _("Show this drawing again: {answer}"),
            "forget": _("Delete this drawing: {answer}"),
            "noDigit": _("no digit"),
        },
    }


def model_names() -> dict[str, str]:
    """What people may call the shipped models, by name."""
    return {
        "inkling": "Inkling",
        "lenet5": "LeNet-5",
        "cnn": _("Small CNN"),
        "cnn-wide": _("Wide CNN"),
        "mlp": _("One layer"),
        "mlp-deep": _("Five layers"),
        "rnn": _("Row by row"),
    }


def model_lines() -> dict[str, str]:
    """One plain sentence on each shipped model, by name."""
    return {
        "inkling": _("Ours: it has seen real handwriting, and also things that are not digits."),
        "lenet5": _("The classic design of 1998, once used to read checks."),
        "cnn": _("Looks for small patterns, such as edges and bends, wherever they are."),
        "cnn-wide": _("Looks for more patterns at once, and weighs them together."),
        "mlp": _("The simplest: weighs each pixel, and does not know which are neighbors."),
        "mlp-deep": _("Weighs the pixels again and again, in five layers."),
        "rnn": _("Reads the picture row by row, from top to bottom, like text."),
    }
