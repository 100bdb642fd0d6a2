"""What goes in and comes out of the API: checked by msgspec, described in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from webapp.translatable import N_

Probability = Annotated[float, Meta(ge=0, le=1)]
Digit = Annotated[int, Meta(ge=0, le=9)]
Point = Annotated[
    list[float],
    Meta(
        min_length=2,
        max_length=4,
        description=N_("x, y, and where known pressure and milliseconds"),
    ),
]
Line = Annotated[list[Point], Meta(max_length=10_000)]
Strokes = Annotated[
    list[Line],
    Meta(
        max_length=1_000,
        description=N_("The pen's path, where it is known. It does not change the answer."),
    ),
]
NotADigit = Literal["not_a_digit"]
NOT_A_DIGIT: NotADigit = "not_a_digit"
"""The answer or label of a drawing that is not a digit."""

Certainty = Literal["sure", "likely", "unsure", NotADigit]
Mode = Literal["digit", "number"]


class PredictRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """One drawing or picture to read."""

    image: Annotated[
        str,
        Meta(
            description=N_(
                "The picture as a data URL in base64: PNG, JPEG, WebP, GIF or BMP, "
                "at most 10 MB and 25 megapixels."
            ),
            examples=["data:image/png;base64,iVBORw0KGgo…"],
        ),
    ]
    mode: Annotated[
        Mode,
        Meta(
            description=N_(
                "digit: one digit in the picture. number: several, read from left to right."
            )
        ),
    ] = "digit"
    model: Annotated[
        str | None,
        Meta(
            description=N_(
                "Name of the model; the default one if left out. all: every model answers."
            )
        ),
    ] = None
    strokes: Strokes | None = None


class DigitReading(Struct, kw_only=True):
    """What was read in one place of the picture."""

    digit: Digit
    confidence: Annotated[Probability, Meta(description=N_("Calibrated probability of the digit."))]
    probabilities: Annotated[
        list[Probability],
        Meta(min_length=10, max_length=10, description=N_("Of 0 to 9; they sum to 1.")),
    ]
    is_digit: Annotated[bool, Meta(description=N_("Whether it looks like a digit at all."))]
    digit_score: Annotated[Probability, Meta(description=N_("How much it looks like a digit."))]
    box: Annotated[
        list[int],
        Meta(
            min_length=4,
            max_length=4,
            description=N_("x, y, width and height of the ink, in pixels."),
        ),
    ]


class ModelVersion(Struct, kw_only=True):
    """Which weights answered."""

    name: str
    version: str


class ModelAnswer(Struct, kw_only=True):
    """What one of several models answers to the same picture."""

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
    """The answer to one picture. Of a number, `digit` is the one that is least certain."""

    digit: Digit
    confidence: Annotated[
        Probability, Meta(description=N_("Calibrated probability that all of it is right."))
    ]
    probabilities: Annotated[list[Probability], Meta(min_length=10, max_length=10)]
    is_digit: bool
    digit_score: Probability
    certainty: Annotated[Certainty, Meta(description=N_("The probability in words."))]
    text: Annotated[
        str, Meta(description=N_("What was read, as text; empty if it is not a digit."))
    ]
    several_digits: Annotated[
        bool,
        Meta(
            description=N_(
                "In mode digit: whether this is no digit, but mode number would read several."
            )
        ),
    ]
    digits: Annotated[list[DigitReading], Meta(description=N_("From left to right."))]
    prediction_id: Annotated[
        str, Meta(description=N_("To say by whether the answer was right; it holds for a day."))
    ]
    seen: Annotated[str, Meta(description=N_("The 28×28 that the model saw, as a PNG data URL."))]
    inverted: Annotated[
        bool, Meta(description=N_("Whether dark ink was turned light for the model."))
    ]
    model: ModelVersion
    models: Annotated[
        list[ModelAnswer],
        Meta(
            description=N_(
                "What each model answers, the default one first, where all were asked; else empty."
            )
        ),
    ]
    elapsed_ms: float


Truth = Annotated[
    Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", NotADigit],
    Meta(description=N_("What the drawing is.")),
]


class FeedbackRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """What an answer should have been; the drawing is the one answered, or it is sent along."""

    label: Truth
    prediction_id: Annotated[
        str | None, Meta(description=N_("Of the answer, at most a day old."))
    ] = None
    image: Annotated[
        str | None, Meta(description=N_("The picture as it was sent to be read, as a data URL."))
    ] = None
    strokes: Strokes | None = None


class Kept(Struct, kw_only=True):
    """What was kept."""

    id: Annotated[
        str,
        Meta(
            description=N_(
                "To delete it by, with the same cookie. Empty if this very drawing is kept already "
                "and was given by somebody else."
            )
        ),
    ]
    label: Truth


class Stage(Struct, kw_only=True):
    """What one stage of a model gave."""

    name: Annotated[str, Meta(description=N_("Its place and its kind, as in: 2 MaxPool2d."))]
    shape: Annotated[
        list[int],
        Meta(
            description=N_(
                "Maps, height and width; or, of a recurrent layer, rows and units; or units."
            )
        ),
    ]
    picture: Annotated[
        str, Meta(description=N_("All of it in one picture, brighter for more: a PNG data URL."))
    ]


class Explanation(Prediction, kw_only=True):
    """An answer, and how a model came to it."""

    occlusion: Annotated[
        str,
        Meta(
            description=N_(
                "What the model saw as a PNG data URL, coloured by what covering that ink does to "
                "the answer: orange for what spoke for it, blue for what spoke against it."
            )
        ),
    ]
    stages: Annotated[list[Stage], Meta(description=N_("From the picture to the answer."))]


class Measured(Struct, kw_only=True):
    """A figure of the model's card."""

    data: str
    split: str
    pictures: int
    accuracy: Probability
    calibration_error: Probability


class ModelInfo(Struct, kw_only=True):
    """A model that can be asked."""

    name: str
    version: str
    default: bool
    architecture: str
    parameters: int
    created: str
    evaluations: list[Measured]


class ModelList(Struct, kw_only=True):
    """The models that can be asked, the default one first."""

    models: list[ModelInfo]


class ProblemDetails(Struct, kw_only=True):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(description=N_("A name for the error that does not change."))]
    type_: str = field(default="about:blank", name="type")
    request_id: str = ""
