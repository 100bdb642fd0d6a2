"""Maps the errors of `inference` and `feedback` to HTTP problems, for all views."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.segmentation.segments import TooManyPieces
from webapp.feedback import (
    CorrectionsDisabled,
    FeedbackIncomplete,
    NotStored,
    TooManyCorrections,
    TooManyPoints,
)
from webapp.http.errors import Problem
from webapp.inference.corrections import PictureNeeded
from webapp.inference.explain import NotExplainable
from webapp.inference.registry import UnknownModel
from webapp.inference.signed_prediction import InvalidPredictionId

_PROBLEMS: dict[type[Exception], tuple[HTTPStatus, str]] = {
    UnknownModel: (HTTPStatus.BAD_REQUEST, "unknown_model"),
    EmptyDrawing: (HTTPStatus.UNPROCESSABLE_ENTITY, "empty_drawing"),
    TooManyPieces: (HTTPStatus.UNPROCESSABLE_ENTITY, "too_complex"),
    NotExplainable: (HTTPStatus.BAD_REQUEST, "invalid_request"),
    FeedbackIncomplete: (HTTPStatus.BAD_REQUEST, "invalid_request"),
    PictureNeeded: (HTTPStatus.BAD_REQUEST, "picture_needed"),
    TooManyPoints: (HTTPStatus.BAD_REQUEST, "invalid_request"),
    InvalidPredictionId: (HTTPStatus.BAD_REQUEST, "unknown_prediction"),
    CorrectionsDisabled: (HTTPStatus.FORBIDDEN, "corrections_off"),
    TooManyCorrections: (HTTPStatus.TOO_MANY_REQUESTS, "too_many_corrections"),
    NotStored: (HTTPStatus.SERVICE_UNAVAILABLE, "not_kept"),
}
"""Status and code of each error; the detail is the error's message."""


@contextmanager
def as_problems() -> Iterator[None]:
    """Raise `Problem` for the errors of inference and feedback."""
    try:
        yield
    except tuple(_PROBLEMS) as error:
        status, code = _PROBLEMS[type(error)]
        problem = Problem(status, code, str(error))
        if isinstance(error, TooManyCorrections):
            problem.headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
        raise problem from error
