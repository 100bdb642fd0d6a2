"""Feedback on an answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from trainer.recognition.labels import NUMBER_PATTERN
from webapp.schemas.fields import MAX_NUMBER_CHARS, NOT_A_DIGIT, Strokes
from webapp.translatable import N_

Truth = Annotated[
    str,
    Meta(
        # The end is that of the text: `$` alone also matches before a last line feed.
        pattern=rf"^({NOT_A_DIGIT}|{NUMBER_PATTERN})$(?!\n)",
        max_length=MAX_NUMBER_CHARS,
        examples=["7", "471", NOT_A_DIGIT],
        description=N_(
            "The correct label of the drawing: a digit; `not_a_digit`; or the digits of a number, "
            "row by row, with a line feed between rows."
        ),
    ),
]


class FeedbackRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """The correct label of a drawing, named by `prediction_id` or sent as `image`."""

    label: Truth
    prediction_id: Annotated[
        str | None, Meta(description=N_("The identifier of the answer; valid for 24 hours."))
    ] = None
    image: Annotated[
        str | None, Meta(description=N_("The picture that was sent for prediction, as a data URL."))
    ] = None
    strokes: Strokes | None = None


class Kept(Struct, kw_only=True, omit_defaults=True):
    """The stored drawing."""

    id: Annotated[
        str,
        Meta(
            description=N_(
                "Identifier for deleting the drawing, which takes the same cookie. Empty "
                "if another visitor submitted the same drawing before."
            )
        ),
    ]
    label: Truth
    disputed: Annotated[
        bool,
        Meta(
            description=N_(
                "Whether another visitor labeled the same drawing differently. Both labels were "
                "counted; a person decides."
            )
        ),
    ] = False
