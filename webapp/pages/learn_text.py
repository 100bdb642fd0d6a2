"""The strings that the learn page's scripts use, translated when called."""

from __future__ import annotations

import msgspec
from flask_babel import gettext as _

from webapp.http.i18n import chance, percent
from webapp.pages import text
from webapp.pages.learn_still import Still


def words() -> dict[str, object]:
    """The strings; {model} is a model, {digit} a digit and {share} per cent."""
    return {
        "says": says(),
        "both": _("The tutorial’s way: {scaled} MNIST’s way: {centered}"),
        "nothing": _("Nothing to read."),
        "copied": _("Copied."),
        "notCopied": _("Your browser did not allow copying. The link is in the address bar."),
        "tooLong": _("This drawing has too many strokes for a link."),
        "damaged": _("This link is damaged: it holds no drawing."),
        "problems": text.problems(),
    }


def says() -> str:
    """What a model says."""
    return _("{model} reads {digit}, with {share}.")


def inks() -> list[tuple[str, str]]:
    """The inks that the drawing may have: color and name."""
    return [
        ("#000000", _("black")),
        ("#2a4d9b", _("blue")),
        ("#c0392b", _("red")),
        ("#b8b8b8", _("pencil gray")),
        ("#f2d53c", _("yellow")),
    ]


def product_words(still: Still) -> dict[str, object]:
    """The strings and figures of chapter 5, and what it says of the drawing that is there first."""
    ours = still.answers[0]
    promise = _(
        "It says so with {confidence}. Of the {pictures} test drawings about which it was about as "
        "sure, {right} were right."
    )
    group = still.groups[-1]
    return {
        "sentences": text.sentences(),
        "digits": text.digit_names(),
        "invitation": text.invitation(),
        "promise": promise,
        "noGroup": _(
            "It says so with {confidence}; it was this unsure about none of the test drawings."
        ),
        "accepted": _("Its digit score is {score}: at a threshold of {threshold} it is accepted."),
        "rejected": _(
            "Its digit score is {score}: at a threshold of {threshold} it is rejected as not a "
            "digit."
        ),
        "bargain": _(
            "{threshold}: {digits} of the digits are lost, {letters} of the letters rejected."
        ),
        "thresholds": msgspec.to_builtins(still.thresholds),
        "groups": msgspec.to_builtins(still.groups),
        "answer": {  # to the example
            "confidence": ours.confidence,
            "digit_score": ours.digit_score,
            "certainty": "sure",
            "probabilities": [float(digit == ours.digit) for digit in range(10)],
        },
        "example": text.sentences()["sure"].format(first=text.digit_names()[ours.digit]),
        "first": promise.format(
            confidence=chance(ours.confidence),
            pictures=f"{group.pictures if group else 0:,}",
            right=percent(group.accuracy if group else 0),
        ),
    }
