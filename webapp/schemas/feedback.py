"""Feedback on an answer."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from webapp.schemas.fields import NotADigit, Strokes
from webapp.translatable import N_

Truth = Annotated[
    Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", NotADigit],
    Meta(description=N_("The correct label of the drawing.")),
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
