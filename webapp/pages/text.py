"""The words of the drawing page, for the templates and for the page's scripts alike."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from webapp.schemas import ModelAnswer, Prediction


def digit_names() -> list[str]:
    """Each digit as it stands within a sentence."""
    return [
        _("a 0"), _("a 1"), _("a 2"), _("a 3"), _("a 4"),
        _("a 5"), _("a 6"), _("a 7"), _("an 8"), _("a 9"),
    ]  # fmt: skip


def sentences() -> dict[str, str]:
    """One sentence for each certainty of an answer; {first} and {second} are digit names."""
    return {
        "sure": _("Surely {first}."),
        "likely": _("Probably {first}."),
        "unsure": _("{first}, perhaps {second}."),
        "not_a_digit": _("That doesn’t look like a digit."),
    }


def number_sentences() -> dict[str, str]:
    """The same for several digits; {number} is all of them."""
    return {
        "sure": _("Surely {number}."),
        "likely": _("Probably {number}."),
        "unsure": _("Perhaps {number}."),
        "not_a_digit": _("That doesn’t look like a number."),
    }


def several_digits() -> str:
    return _("That looks like several digits.")


def problems() -> dict[str, str]:
    """One sentence for each code of a problem that the page can meet."""
    return {
        "empty_drawing": _("Nothing is drawn in this picture."),
        "unsupported_picture": _(
            "This is not a picture that can be read here. Send a PNG, JPEG, WebP, GIF or BMP."
        ),
        "too_large": _("This picture is too large. It may have 10 MB and 25 megapixels."),
        "broken_picture": _("This picture is damaged or incomplete. Try another copy of it."),
        "unreachable": _("The server can’t be reached. Your drawing is kept; trying again…"),
        "unexpected": _(
            "Something went wrong on the server. Your drawing is kept; try again in a moment."
        ),
    }


def script_words() -> dict[str, object]:
    """What the page's scripts say."""
    return answer_words() | {
        "reading": _("Reading…"),
        "seen": {"inverted": seen_line(True), "as is": seen_line(False)},
        "leastCertain": least_certain(),
    }


def kept() -> dict[str, str]:
    """What is said once a drawing was kept, by its truth."""
    sentences = {
        str(digit): _("Kept as %(digit)s. Thank you.", digit=name)
        for digit, name in enumerate(digit_names())
    }
    return sentences | {"not_a_digit": _("Kept as no digit. Thank you.")}


def not_kept() -> dict[str, str]:
    """What is said where a correction was not kept, by the problem's code."""
    return {
        "not_kept": _("It could not be kept just now. Try again in a moment."),
        "too_many_corrections": _("That is enough for today. Thank you for all of them."),
        "unknown_prediction": _("This answer is too old. Draw it again."),
    }


def answer_words() -> dict[str, object]:
    """What the scripts need to say an answer."""
    return desk_words() | {
        "sentences": sentences(),
        "numberSentences": number_sentences(),
        "severalDigits": several_digits(),
    }


def desk_words() -> dict[str, object]:
    """What they need on every page with a desk: why there is no answer, and what was kept."""
    return {
        "digits": digit_names(),
        "problems": problems(),
        "invitation": invitation(),
        "kept": kept(),
        "notKept": not_kept(),
    }


def inside_words() -> dict[str, object]:
    """What the scripts say on the page that shows a model from the inside."""
    return answer_words() | {"stages": stages()}


def stages() -> dict[str, str]:
    """What each kind of stage does, by its name."""
    maps = _("Filters: each map shows where the picture has what its filter looks for.")
    state = _("Its state after each row of the picture, from the top to the bottom.")
    return {
        "ReLU": _("What was found there: only what is positive goes on, the rest is dark."),
        "MaxPool2d": _("Of each square of four only the strongest goes on: smaller, and steadier."),
        "Residual": maps,
        "LSTM": state,
        "GRU": state,
        "RNN": state,
    }


def comparison_words() -> dict[str, object]:
    """What the scripts of the comparing page say."""
    return desk_words() | {"agreement": agreement()}


def agreement() -> str:
    """How many of {all} models give the default model's answer: {agree} of them."""
    return _("{agree} of {all} models agree.")


def agreement_sentence(answers: Sequence[ModelAnswer]) -> str:
    agree = sum(each.digit == answers[0].digit for each in answers)
    return agreement().format(agree=agree, all=len(answers))


def architectures() -> dict[str, str]:
    """What each architecture is, by its name."""
    return {
        "inkling": _(
            "Our own: a small residual network with an eleventh class for what is not a digit. It "
            "learned from MNIST and from pen strokes of many people, rendered as they really draw."
        ),
        "rnn": _(
            "A recurrent network that reads the 28 rows of the picture like a text, from the top; "
            "its last state answers."
        ),
        "mlp": _(
            "The simplest network: one hidden layer, which sees the pixels as a list and knows "
            "nothing of neighbours."
        ),
        "mlp-deep": _("Five hidden layers, trained with the mean squared error."),
        "cnn": _("A small convolutional network with dropout."),
        "cnn-wide": _("The classic two blocks of convolution and pooling, then a dense layer."),
        "lenet5": _("LeNet-5, the convolutional network of 1998, as tutorials build it."),
    }


def invitation() -> str:
    return _("Draw a digit, or drop a picture here.")


def seen_line(inverted: bool) -> str:
    """What was done to the picture before the model saw it."""
    if inverted:
        return _("Cropped, scaled, centred, and turned light on dark.")
    return _("Cropped, scaled and centred.")


def least_certain() -> str:
    """Of which digit of a number the bars and the pixels are."""
    return _("The least certain digit.")


def sentence(prediction: Prediction) -> str:
    """Say an answer, as honestly as its probability deserves."""
    if prediction.several_digits:
        return several_digits()
    if len(prediction.digits) > 1:
        return number_sentences()[prediction.certainty].format(number=prediction.text)
    names = digit_names()
    order = sorted(range(10), key=lambda digit: -prediction.probabilities[digit])
    text = sentences()[prediction.certainty].format(first=names[order[0]], second=names[order[1]])
    return text[0].upper() + text[1:]


def problem_sentence(code: str) -> str:
    return problems().get(code, problems()["unexpected"])
