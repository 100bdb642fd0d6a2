"""The types of the API's requests and responses.

msgspec validates requests against them, and the OpenAPI document is generated from them.
Descriptions are message ids, translated when shown.
"""

from webapp.schemas.batch import BatchItem
from webapp.schemas.feedback import FeedbackRequest, Kept, Truth
from webapp.schemas.fields import (
    MAX_COORDINATE,
    MAX_NUMBER_CHARS,
    MAX_POINTS,
    NOT_A_DIGIT,
    Certainty,
    Mode,
)
from webapp.schemas.learn import Look, Rows, SheetRequest, Ways
from webapp.schemas.making import MadeMap, MapRequest
from webapp.schemas.models import Measured, ModelInfo, ModelList
from webapp.schemas.predictions import (
    DigitReading,
    Explanation,
    ModelAnswer,
    ModelVersion,
    Prediction,
    PredictRequest,
    Reason,
    Stage,
    UnreadInk,
)
from webapp.schemas.problems import ProblemDetails

__all__ = [
    "MAX_COORDINATE",
    "MAX_NUMBER_CHARS",
    "MAX_POINTS",
    "NOT_A_DIGIT",
    "BatchItem",
    "Certainty",
    "DigitReading",
    "Explanation",
    "FeedbackRequest",
    "Kept",
    "Look",
    "MadeMap",
    "MapRequest",
    "Measured",
    "Mode",
    "ModelAnswer",
    "ModelInfo",
    "ModelList",
    "ModelVersion",
    "PredictRequest",
    "Prediction",
    "ProblemDetails",
    "Reason",
    "Rows",
    "SheetRequest",
    "Stage",
    "Truth",
    "UnreadInk",
    "Ways",
]
