"""A picture to read, and the answer."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from webapp.schemas.fields import Certainty, Digit, Mode, PenWidth, Probability, Strokes
from webapp.translatable import N_

Box = Annotated[
    list[int],
    Meta(
        min_length=4,
        max_length=4,
        description=N_("Bounding box of the ink: x, y, width and height, in pixels."),
    ),
]
Making = Literal["", "sum", "largest", "same", "area", "rows"]
Reason = Literal["mark", "not_a_digit"]


class PredictRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """A picture of a digit or number to read, or the pen strokes to draw one from."""

    image: Annotated[
        str | None,
        Meta(
            description=N_(
                "The picture as a base64 data URL: PNG, JPEG, WebP, GIF, BMP or TIFF, at most "
                "10 MB and 25 megapixels (JPEG: 110)."
            ),
            examples=["data:image/png;base64,iVBORw0KGgo…"],
        ),
    ] = None
    mode: Annotated[
        Mode,
        Meta(
            description=N_(
                "digit: the picture shows one digit. number: it shows several, read row by row "
                "from left to right. auto: several if they lie well apart, otherwise one."
            )
        ),
    ] = "digit"
    model: Annotated[
        str | None,
        Meta(
            description=N_(
                "Name of the model; the default model if omitted. all: every model answers."
            )
        ),
    ] = None
    strokes: Annotated[
        Strokes | None,
        Meta(
            description=N_(
                "The pen's path. Without an image it is drawn on a square of 140 pixels (mode "
                "number, and auto with several strokes: 560), cropped to the ink; with one it does "
                "not affect the answer."
            )
        ),
    ] = None
    pen: Annotated[
        PenWidth | None,
        Meta(
            description=N_(
                "Width of the pen in the unit of the strokes; by default a fourteenth of the "
                "drawing's longer side."
            ),
        ),
    ] = None


class DigitReading(Struct, kw_only=True):
    """One digit and its place in the picture."""

    digit: Digit
    confidence: Annotated[Probability, Meta(description=N_("Calibrated probability of the digit."))]
    probabilities: Annotated[
        list[Probability],
        Meta(
            min_length=10,
            max_length=10,
            description=N_("Probabilities of the digits 0 to 9; they sum to 1."),
        ),
    ]
    is_digit: Annotated[bool, Meta(description=N_("Whether the ink looks like a digit at all."))]
    digit_score: Annotated[
        Probability, Meta(description=N_("How much the ink looks like a digit."))
    ]
    seen: Annotated[str, Meta(description=N_("The model's 28×28 input, as a PNG data URL."))] = ""
    box: Box
    row: Annotated[
        int, Meta(ge=0, description=N_("Row that the digit stands in, counted from 0 at the top."))
    ] = 0


class UnreadInk(Struct, kw_only=True):
    """Ink that was not read as a digit."""

    box: Box
    reason: Annotated[
        Reason,
        Meta(
            description=N_(
                "mark: a dot, a dash, a slash or another mark, by its shape and place. "
                "not_a_digit: anything else."
            )
        ),
    ]


class ModelVersion(Struct, kw_only=True):
    """The model that answered, and the version of its weights."""

    name: str
    version: str


class ModelAnswer(Struct, kw_only=True):
    """The answer of one model, if all models were requested."""

    model: ModelVersion
    text: str
    digit: Digit
    confidence: Probability
    probabilities: Annotated[list[Probability], Meta(min_length=10, max_length=10)]
    is_digit: bool
    digit_score: Probability
    certainty: Certainty
    elapsed_ms: float


class Prediction(Struct, kw_only=True):
    """The answer for one picture.

    For a number, `digit`, `probabilities` and `seen` are those of its least certain digit.
    """

    digit: Digit
    confidence: Annotated[
        Probability, Meta(description=N_("Calibrated probability that the whole answer is right."))
    ]
    probabilities: Annotated[list[Probability], Meta(min_length=10, max_length=10)]
    is_digit: bool
    digit_score: Probability
    certainty: Annotated[Certainty, Meta(description=N_("The confidence in words."))]
    text: Annotated[
        str,
        Meta(
            description=N_(
                "The answer as text, with a line feed between rows; empty if it is not a digit."
            )
        ),
    ]
    several_digits: Annotated[
        bool,
        Meta(
            description=N_(
                "Whether the picture was read as one digit and is none, but mode number would "
                "read several."
            )
        ),
    ]
    digits: Annotated[
        list[DigitReading],
        Meta(description=N_("The digits, row by row, from left to right.")),
    ]
    unread: Annotated[
        list[UnreadInk],
        Meta(
            description=N_(
                "In mode number: the ink that is none of the digits. If there is any, the "
                "certainty is never sure."
            )
        ),
    ] = []
    prediction_id: Annotated[
        str, Meta(description=N_("Send this with feedback; valid for 24 hours."))
    ]
    seen: Annotated[str, Meta(description=N_("The model's 28×28 input, as a PNG data URL."))]
    inverted: Annotated[
        bool,
        Meta(description=N_("Whether the picture was inverted, so that dark ink became light.")),
    ]
    model: ModelVersion
    models: Annotated[
        list[ModelAnswer],
        Meta(
            description=N_(
                "The answer of each model, the default model first, if all were asked; "
                "otherwise empty."
            )
        ),
    ]
    elapsed_ms: float


class Stage(Struct, kw_only=True):
    """The activations of one layer of a model."""

    name: Annotated[
        str, Meta(description=N_("Position and type of the layer, for example: 2 MaxPool2d."))
    ]
    shape: Annotated[
        list[int],
        Meta(
            description=N_(
                "Maps, height and width; for a recurrent layer, rows and units; for a "
                "dense layer, units."
            )
        ),
    ]
    made: Annotated[
        Making,
        Meta(
            description=N_(
                "How the values come about. sum: by weights from the values of the stage before. "
                "largest and same: from a block or a cell of the same map. area: in several steps "
                "from a part of the maps before. rows: from the rows of the picture, one after "
                "another. Empty: not known."
            )
        ),
    ] = ""
    picture: Annotated[
        str,
        Meta(
            description=N_(
                "All activations in one picture, brighter where larger, as a PNG data URL. If some "
                "are negative, these are blue, zero is gray, and positive ones are orange."
            )
        ),
    ]


class Explanation(Prediction, kw_only=True):
    """An answer, with the activations and the occlusion map that explain it."""

    occlusion: Annotated[
        str,
        Meta(
            description=N_(
                "The model's input as a PNG data URL, colored by what covering the ink "
                "does to the answer: orange ink supports it, blue ink opposes it."
            )
        ),
    ]
    stages: Annotated[
        list[Stage], Meta(description=N_("The stages of the model, from input to output."))
    ]
