"""The texts of the public pages, shared by their templates and scripts.

They are translated when called, so call these functions within a request.
"""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.http.i18n import language
from webapp.schemas import NOT_A_DIGIT, Prediction


def digit_names() -> list[str]:
    """The digits 0 to 9 as they appear in a sentence, with their article."""
    return [
        _("a 0"), _("a 1"), _("a 2"), _("a 3"), _("a 4"),
        _("a 5"), _("a 6"), _("a 7"), _("an 8"), _("a 9"),
    ]  # fmt: skip


def sentences() -> dict[str, str]:
    """The sentence for each `certainty`; {first} and {second} are the two likeliest digits."""
    return {
        "sure": _("It’s {first}."),
        "likely": _("Probably {first}."),
        "unsure": _("{first}, or maybe {second}."),
        "not_a_digit": _("That doesn’t look like a digit."),
    }


def number_sentences() -> dict[str, str]:
    """The sentence for each `certainty` of a number; {number} is all of its digits."""
    return {
        "sure": _("It’s {number}."),
        "likely": _("Probably {number}."),
        "unsure": _("Maybe {number}."),
        "not_a_digit": _("That doesn’t look like a number."),
    }


def several_digits() -> str:
    """The sentence for a picture that reads as several digits, in mode `digit`."""
    return _("That looks like several digits.")


def unread() -> dict[str, str]:
    """The sentence that follows the answer if there is ink that was not read, for one and more."""
    return {
        "one": _("There is a mark I can’t read."),
        "more": _("There are marks I can’t read."),
    }


def problems() -> dict[str, str]:
    """The sentence for each problem code that the pages handle."""
    return {
        "empty_drawing": _("Nothing is drawn in this picture."),
        "unsupported_picture": _(
            "This is not a picture we can read. Please use a PNG, JPEG, WebP, GIF, BMP or TIFF."
        ),
        "too_large": _(
            "This picture is too large. The limit is 10 MB and 25 megapixels, or 110 as a JPEG. "
            "Please use a smaller copy."
        ),
        "pdf": _(
            "This is a PDF. Please take a screenshot of the page, or save it as a picture, and use "
            "that."
        ),
        "one_picture": _("Only one picture can be read at a time. Please choose one."),
        "part_missing": _("A part of this page could not be loaded. Please try again in a moment."),
        "broken_picture": _("This picture is damaged or incomplete. Please try another copy."),
        "too_complex": _("This picture has too many parts to be read. Please try a simpler one."),
        "overloaded": _("The site is busy. Please try again in a moment."),
        "too_many_requests": _(
            "Too many requests came from your network. Your drawing is safe; please try again in "
            "a moment."
        ),
        "unreachable": _("The server can’t be reached. Your drawing is safe; retrying…"),
        "unexpected": _(
            "Something went wrong on the server. Your drawing is safe; please try again in a "
            "moment."
        ),
    }


def script_words() -> dict[str, object]:
    """The strings that the drawing page's scripts use."""
    return answer_words() | {
        "reading": _("Reading…"),
        "seen": {"inverted": seen_line(True), "as is": seen_line(False)},
        "leastCertain": least_certain(),
        "chosen": _("Digit {index} of {count}."),
    }


def kept() -> dict[str, str]:
    """The confirmation of a stored drawing, by its label; `number` for any {number}."""
    sentences = {
        str(digit): _("Saved as %(digit)s. Thank you!", digit=name)
        for digit, name in enumerate(digit_names())
    }
    return sentences | {
        NOT_A_DIGIT: _("Saved as not a digit. Thank you!"),
        "number": _("Saved as %(digit)s. Thank you!", digit="{number}"),
    }


def kept_sentence(label: str) -> str:
    """The confirmation of a stored drawing with this label."""
    sentences = kept()
    number = label.replace("\n", "; ")
    return sentences.get(label) or sentences["number"].format(number=number)


def disputed() -> str:
    """What a visitor is told whose label differs from that of another visitor."""
    return _(
        "Somebody else labeled the same drawing differently. Your label was counted, and a person "
        "will decide."
    )


def not_kept() -> dict[str, str]:
    """Why a drawing was not stored, by problem code; `not_kept` stands for any other code."""
    return {
        "not_kept": _("It could not be saved just now. Please try again in a moment."),
        "too_many_corrections": _(
            "You have reached today’s limit. Thank you for all your corrections!"
        ),
        "too_many_requests": _(
            "Too many requests came from your network. Please try again in a moment."
        ),
        "unknown_prediction": _("This answer has expired. Please draw it again."),
    }


def not_deleted() -> dict[str, str]:
    """Why a drawing was not deleted, by problem code; `not_deleted` stands for any other code."""
    return {
        "not_deleted": _(
            "It could not be deleted just now and may still be saved. Please try again in a moment."
        ),
        "not_found": _("It is no longer saved in your name."),
    }


def answer_words() -> dict[str, object]:
    """The strings that scripts need to put an answer into a sentence."""
    return editor_words() | {
        "sentences": sentences(),
        "numberSentences": number_sentences(),
        "unread": unread(),
    }


def editor_words() -> dict[str, object]:
    """The strings that every page with the drawing editor needs."""
    return {
        "digits": digit_names(),
        "problems": problems(),
        "invitation": invitation(),
        "severalDigits": several_digits(),
        "kept": kept(),
        "disputed": disputed(),
        "notKept": not_kept(),
        "notDeleted": not_deleted(),
    }


def inside_words() -> dict[str, object]:
    """The strings that the scripts of a model's inside page use."""
    return answer_words() | {"stages": stages()}


def stages() -> dict[str, str]:
    """What each kind of layer computes, by the layer's name."""
    maps = _(
        "Feature maps: each one lights up where the picture contains the pattern its filter "
        "looks for."
    )
    state = _(
        "The hidden state after each row of the picture, from top to bottom. Gray is zero, blue "
        "negative, orange positive."
    )
    return {
        "ReLU": _("What was found there: only positive values pass through, the rest stays dark."),
        "MaxPool2d": _(
            "Only the strongest value of each 2 × 2 block is kept: a smaller map, less sensitive "
            "to small shifts."
        ),
        "Residual": maps,
        "LSTM": state,
        "GRU": state,
        "RNN": state,
    }


def architectures() -> dict[str, str]:
    """A description of each architecture, by name."""
    return {
        "inkling": _(
            "Our own model: a small residual network with an eleventh class for anything that is "
            "not a digit. It was trained on MNIST and on the pen strokes of many people, rendered "
            "to look like real drawings."
        ),
        "rnn": _(
            "A recurrent network that reads the picture’s 28 rows from top to bottom, like text, "
            "and answers from its final state."
        ),
        "mlp": _(
            "The simplest network: one hidden layer that sees the pixels as a flat list, with no "
            "notion of which are neighbors."
        ),
        "mlp-deep": _("Five hidden layers, trained with mean squared error."),
        "cnn": _("A small convolutional network with dropout."),
        "cnn-wide": _(
            "The classic design: two blocks of convolution and pooling, then a dense layer."
        ),
        "lenet5": _("LeNet-5, the convolutional network from 1998, as tutorials build it."),
    }


def invitation() -> str:
    """The sentence of an empty page."""
    return _("Draw a digit, or drop a picture here.")


def seen_line(inverted: bool) -> str:
    """How the picture was prepared for the model."""
    if inverted:
        return _("Cropped, scaled, centered and inverted.")
    return _("Cropped, scaled and centered.")


def least_certain() -> str:
    """Which digit of a number the bars and pixels belong to."""
    return _("The least certain digit.")


def sentence(prediction: Prediction) -> str:
    """The answer in words, worded by its calibrated certainty."""
    if prediction.several_digits:
        return several_digits()
    answer = _answer_in_words(prediction)
    if not prediction.unread or prediction.certainty == NOT_A_DIGIT:
        return answer
    return joined(answer, unread()["one" if len(prediction.unread) == 1 else "more"])


def _answer_in_words(prediction: Prediction) -> str:
    if len(prediction.digits) > 1:
        number = prediction.text.replace("\n", "; ")
        return number_sentences()[prediction.certainty].format(number=number)
    names = digit_names()
    order = sorted(range(10), key=lambda digit: -prediction.probabilities[digit])
    text = sentences()[prediction.certainty].format(first=names[order[0]], second=names[order[1]])
    return text[0].upper() + text[1:]


def gap() -> str:
    """What stands between two sentences, as in answer.js: in Chinese nothing.

    No message has it, as an empty translation counts as a missing one.
    """
    return "" if language().startswith("zh") else " "


def joined(*sentences: str) -> str:
    """Several sentences as one text."""
    return gap().join(sentences)


def problem_sentence(code: str) -> str:
    """The sentence for a problem code, or for an unexpected error if the code is unknown."""
    return problems().get(code, problems()["unexpected"])
