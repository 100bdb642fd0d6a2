"""The types of the API's requests and responses.

msgspec validates requests against them, and the OpenAPI document is generated from them.
Descriptions are message ids, translated when shown.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from webapp.translatable import N_

MAX_POINTS = 20_000
"""Largest number of points in the strokes of one drawing."""

Probability = Annotated[float, Meta(ge=0, le=1)]
Digit = Annotated[int, Meta(ge=0, le=9)]
Point = Annotated[
    list[float],
    Meta(
        min_length=2,
        max_length=4,
        description=N_("x, y and, if known, pressure and time in milliseconds"),
    ),
]
Line = Annotated[list[Point], Meta(max_length=10_000)]
Strokes = Annotated[
    list[Line],
    Meta(
        max_length=1_000,
        description=N_("The pen's path, if known. It does not affect the answer."),
    ),
]
NotADigit = Literal["not_a_digit"]
NOT_A_DIGIT: NotADigit = "not_a_digit"
"""The answer or label of a drawing that is not a digit."""

Certainty = Literal["sure", "likely", "unsure", NotADigit]
Mode = Literal["digit", "number"]


class PredictRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """A picture of a digit or number to read."""

    image: Annotated[
        str,
        Meta(
            description=N_(
                "The picture as a base64 data URL: PNG, JPEG, WebP, GIF, BMP or TIFF, at most "
                "10 MB and 25 megapixels (JPEG: 110)."
            ),
            examples=["data:image/png;base64,iVBORw0KGgo…"],
        ),
    ]
    mode: Annotated[
        Mode,
        Meta(
            description=N_(
                "digit: the picture shows one digit. number: it shows several, read from "
                "left to right."
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
    strokes: Strokes | None = None


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
    box: Annotated[
        list[int],
        Meta(
            min_length=4,
            max_length=4,
            description=N_("Bounding box of the ink: x, y, width and height, in pixels."),
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
    text: Annotated[str, Meta(description=N_("The answer as text; empty if it is not a digit."))]
    several_digits: Annotated[
        bool,
        Meta(
            description=N_(
                "In mode digit: whether the picture is not a digit, but mode number would "
                "read several."
            )
        ),
    ]
    digits: Annotated[list[DigitReading], Meta(description=N_("The digits, from left to right."))]
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


class Kept(Struct, kw_only=True):
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
    picture: Annotated[
        str,
        Meta(
            description=N_(
                "All activations in one picture, brighter where larger, as a PNG data URL."
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


class Measured(Struct, kw_only=True):
    """An evaluation of the model on one data set, from its card."""

    data: str
    split: str
    pictures: int
    accuracy: Probability
    calibration_error: Probability


class ModelInfo(Struct, kw_only=True):
    """An available model."""

    name: str
    version: str
    default: bool
    architecture: str
    parameters: int
    created: str
    evaluations: list[Measured]


class ModelList(Struct, kw_only=True):
    """The available models, the default model first."""

    models: list[ModelInfo]


class ProblemDetails(Struct, kw_only=True):
    """An error (RFC 9457)."""

    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(description=N_("Stable, machine-readable code of the error."))]
    type_: str = field(default="about:blank", name="type")
    request_id: str = ""
