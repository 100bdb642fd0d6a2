"""What several models say of one drawing, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask_babel import gettext as _

from webapp.pages import text
from webapp.schemas import NOT_A_DIGIT, ModelAnswer


def comparison_words() -> dict[str, object]:
    """The strings that the comparison page's scripts use."""
    return text.editor_words() | {
        "agreement": agreement(),
        "disagreement": disagreement(),
        "readings": readings(),
    }


def agreement() -> str:
    """How many of {all} models ({agree}) give the most frequent answer."""
    return _("{agree} of {all} models agree.")


def disagreement() -> str:
    """What is said instead where each model has an answer of its own."""
    return _("No two models agree.")


def readings() -> dict[str, str]:
    """What those models say that agree, by their answer."""
    sentences = {
        str(digit): _("They read %(digit)s.", digit=name)
        for digit, name in enumerate(text.digit_names())
    }
    return sentences | {NOT_A_DIGIT: _("They see no digit.")}


def sentence(answers: Sequence[ModelAnswer]) -> str:
    """How many of `answers`, the default model's first, say the same, and what."""
    most, agree = majority(answers)
    if agree == 1:
        return disagreement()
    return text.joined(agreement().format(agree=agree, all=len(answers)), readings()[most])


def majority(answers: Sequence[ModelAnswer]) -> tuple[str, int]:
    """The most frequent answer, and how often it is given; of several such, the first."""
    return Counter(map(reading, answers)).most_common(1)[0]


def reading(answer: ModelAnswer) -> str:
    """What a model says: a digit, or `not_a_digit`."""
    return str(answer.digit) if answer.is_digit else NOT_A_DIGIT
