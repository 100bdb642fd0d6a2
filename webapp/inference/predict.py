"""From a model's reading to what the API and the pages tell."""

from __future__ import annotations

import time
from contextlib import suppress
from http import HTTPStatus

import msgspec

from trainer.recognition.image import Picture, as_data_url
from trainer.recognition.prediction import DigitPrediction
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.joining import NumberPrediction
from webapp.http.errors import Problem
from webapp.http.metrics import PREDICTIONS
from webapp.inference.registry import Models, UnknownModel
from webapp.schemas import (
    NOT_A_DIGIT,
    Certainty,
    DigitReading,
    Mode,
    ModelAnswer,
    ModelVersion,
    Prediction,
    PredictRequest,
)

SURE = 0.98
LIKELY = 0.85
SEVERAL = 0.95  # confidence times digit score of a number nobody asked for; few letters reach it


ALL = "all"
"""In place of a model's name: each of them answers."""


def answer(picture: Picture, models: Models, wishes: PredictRequest) -> Prediction:
    """Read a picture in the mode and with the model that were wished for. Raises `Problem`."""
    everyone = wishes.model == ALL
    name = models.default if everyone or not wishes.model else wishes.model
    try:
        recognizer = models.get(name)
    except UnknownModel:
        known = ", ".join([*models.names, ALL])
        raise Problem(
            HTTPStatus.BAD_REQUEST, "unknown_model", f"There is no model {name!r}; known: {known}"
        ) from None
    prediction = _predict(picture, name, recognizer, wishes.mode)
    if everyone:
        answers = [prediction]
        for other in models.names:
            with suppress(UnknownModel):  # a bundle that is not sound is in the log
                if other != name:
                    answers.append(_predict(picture, other, models.get(other), wishes.mode))
        prediction.models = [
            msgspec.convert(each, ModelAnswer, from_attributes=True) for each in answers
        ]
    return prediction


def _predict(picture: Picture, name: str, recognizer: Recognizer, mode: Mode) -> Prediction:
    started = time.perf_counter()
    try:
        number = _read(picture, recognizer, mode)
        several = mode == "digit" and _looks_like_several(picture, recognizer, number)
    except EmptyDrawing:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "empty_drawing", "Nothing is drawn in the picture"
        ) from None
    certainty = _certainty(number)
    PREDICTIONS.labels(name, certainty).inc()
    doubtful = min(number.digits, key=lambda reading: reading.confidence)
    return Prediction(
        digit=doubtful.digit,
        confidence=number.confidence,
        probabilities=[float(p) for p in doubtful.probabilities],
        is_digit=number.is_number,
        digit_score=number.digit_score,
        certainty=certainty,
        text=number.text if number.is_number else "",
        several_digits=several,
        digits=[_digit(reading) for reading in number.digits],
        prediction_id="",  # until it is signed
        seen=as_data_url(doubtful.prepared.pixels),
        inverted=doubtful.prepared.dark_on_light,
        model=ModelVersion(name=name, version=recognizer.card.version),
        models=[],
        elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _read(picture: Picture, recognizer: Recognizer, mode: Mode) -> NumberPrediction:
    if mode == "number":
        return recognizer.read_number(picture.image, picture.scale)
    reading = recognizer.read(picture.image, picture.scale)
    return NumberPrediction([reading], reading.is_digit)


def _looks_like_several(
    picture: Picture, recognizer: Recognizer, as_digit: NumberPrediction
) -> bool:
    """Whether what is no digit would be read as a number."""
    if as_digit.is_number:
        return False
    number = recognizer.read_number(picture.image, picture.scale)
    surely = number.confidence * number.digit_score >= SEVERAL
    return number.is_number and len(number.digits) > 1 and surely


def _digit(reading: DigitPrediction) -> DigitReading:
    return DigitReading(
        digit=reading.digit,
        confidence=reading.confidence,
        probabilities=[float(p) for p in reading.probabilities],
        is_digit=reading.is_digit,
        digit_score=reading.digit_score,
        box=list(reading.prepared.box),
    )


def _certainty(number: NumberPrediction) -> Certainty:
    if not number.is_number:
        return NOT_A_DIGIT
    if number.confidence >= SURE:
        return "sure"
    return "likely" if number.confidence >= LIKELY else "unsure"
