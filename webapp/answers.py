"""From a model's reading to what the API and the pages tell."""

from __future__ import annotations

import base64
import time
import uuid
from http import HTTPStatus

import cv2
from PIL import Image

from trainer.bundle import Reading
from trainer.preprocess import EmptyDrawing, Pixels
from webapp.errors import Problem
from webapp.metrics import PREDICTIONS
from webapp.models import Models, UnknownModel
from webapp.schemas import Certainty, DigitReading, ModelVersion, Prediction

SURE = 0.98
LIKELY = 0.85


def answer(picture: Image.Image, models: Models, model: str | None = None) -> Prediction:
    """Read a picture with the model of that name. Raises `Problem`."""
    started = time.perf_counter()
    name = model or models.default
    try:
        recogniser = models.get(name)
    except UnknownModel:
        known = ", ".join(models.names)
        raise Problem(
            HTTPStatus.BAD_REQUEST, "unknown_model", f"There is no model {name!r}; known: {known}"
        ) from None
    try:
        reading = recogniser.read(picture)
    except EmptyDrawing:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "empty_drawing", "Nothing is drawn in the picture"
        ) from None
    certainty = _certainty(reading)
    PREDICTIONS.labels(name, certainty).inc()
    probabilities = [float(p) for p in reading.probabilities]
    digit = DigitReading(
        digit=reading.digit,
        confidence=reading.confidence,
        probabilities=probabilities,
        is_digit=reading.is_digit,
        digit_score=reading.digit_score,
        box=list(reading.prepared.box),
    )
    return Prediction(
        digit=reading.digit,
        confidence=reading.confidence,
        probabilities=probabilities,
        is_digit=reading.is_digit,
        digit_score=reading.digit_score,
        certainty=certainty,
        text=str(reading.digit) if reading.is_digit else "",
        digits=[digit],
        prediction_id=uuid.uuid4().hex,
        seen=_data_url(reading.prepared.pixels),
        inverted=reading.prepared.dark_on_light,
        model=ModelVersion(name=name, version=recogniser.card.version),
        elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _certainty(reading: Reading) -> Certainty:
    if not reading.is_digit:
        return "not_a_digit"
    if reading.confidence >= SURE:
        return "sure"
    return "likely" if reading.confidence >= LIKELY else "unsure"


def _data_url(pixels: Pixels) -> str:
    encoded = cv2.imencode(".png", pixels)[1]
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()
