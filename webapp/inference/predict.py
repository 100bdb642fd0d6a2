"""Predicts the digit or number in an image, as the API and the pages return it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import msgspec

from trainer.recognition.image import as_data_url
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.prediction import DigitPrediction, NumberPrediction
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.apart import are_apart
from trainer.recognition.segmentation.segments import TooManyPieces
from webapp.http.metrics import count_prediction
from webapp.inference.registry import ALL, Models, UnknownModel, Watcher
from webapp.schemas import (
    DigitReading,
    Mode,
    ModelAnswer,
    ModelVersion,
    Prediction,
    PredictRequest,
    UnreadInk,
)
from webapp.threads import Lane, in_thread

SEVERAL = 0.8
"""Minimum confidence × digit score at which a rejected digit is reported as several digits: most
numbers reach it, and hardly any letter."""


def answer(inputs: ModelInputs, models: Models, options: PredictRequest) -> Prediction:
    """Read a picture in the mode and with the model of the request, whose `image` is not used.

    Raises `UnknownModel`, `EmptyDrawing` for a picture without ink, and `TooManyPieces` for one
    that can't be a number in mode number.
    """
    everyone = options.model == ALL
    name = models.default if everyone or not options.model else options.model
    watchers = models.watchers if name == models.default else ()
    prediction = _predict(inputs, name, models.get(name), options.mode, watchers)
    if everyone:
        answers = [prediction]
        for other in models.names:
            with suppress(UnknownModel):  # an invalid bundle; the log has the reason
                if other != name:
                    answers.append(_predict(inputs, other, models.get(other), options.mode))
        prediction.models = [
            msgspec.convert(each, ModelAnswer, from_attributes=True) for each in answers
        ]
    return prediction


def _predict(
    inputs: ModelInputs,
    name: str,
    recognizer: Recognizer,
    mode: Mode,
    watchers: Iterable[Watcher] = (),
) -> Prediction:
    started = time.perf_counter()
    number, several = _read(inputs, recognizer, mode)
    certainty = number.certainty
    count_prediction(name, certainty)
    for watch in watchers:
        watch(number, recognizer, several)
    digits = [_digit(reading, row) for reading, row in zip(number.digits, number.rows, strict=True)]
    doubtful = min(digits, key=lambda each: each.confidence)
    return Prediction(
        digit=doubtful.digit,
        confidence=number.confidence,
        probabilities=doubtful.probabilities,
        is_digit=number.is_number,
        digit_score=number.digit_score,
        certainty=certainty,
        text=number.text if number.is_number else "",
        several_digits=several,
        digits=digits,
        unread=[UnreadInk(box=list(each.box), reason=each.reason) for each in number.unread],
        prediction_id="",  # filled in by `PredictionSigner`
        seen=doubtful.seen,
        inverted=number.least_certain.prepared.dark_on_light,
        model=ModelVersion(name=name, version=recognizer.card.version),
        models=[],
        elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _read(inputs: ModelInputs, recognizer: Recognizer, mode: Mode) -> tuple[NumberPrediction, bool]:
    """What is read, and whether it is not a digit but would be a number."""
    if mode == "number":
        return recognizer.read_as(inputs, "number"), False
    digit = recognizer.read_as(inputs, "digit")
    is_clear = digit.least_certain.is_clear
    if is_clear and not inputs.has_ink_beside:
        return digit, False
    try:
        number = in_thread(Lane.COMPUTE, recognizer.read_all, inputs)
    except (EmptyDrawing, TooManyPieces):
        return digit, False
    if is_clear:
        return _with_marks(digit, number), False
    return _unless_number(digit, number, mode)


def _with_marks(digit: NumberPrediction, number: NumberPrediction) -> NumberPrediction:
    """A clear digit, and the marks beside it, such as a sign, if that is all there is."""
    is_same = number.is_number and number.text == digit.text
    return number if is_same and number.unread else digit


def _unless_number(
    digit: NumberPrediction, number: NumberPrediction, mode: Mode
) -> tuple[NumberPrediction, bool]:
    """What is not clearly one digit, which is not accepted as one if it would be a number."""
    if mode == "auto" and are_apart(number):
        return number, False
    is_confident = number.confidence * number.digit_score >= SEVERAL
    is_clean = number.is_number and not number.unread
    if is_clean and is_confident and len(number.digits) > 1:
        return replace(digit, is_number=False), True
    return digit, False


def _digit(reading: DigitPrediction, row: int) -> DigitReading:
    return DigitReading(
        digit=reading.digit,
        confidence=reading.confidence,
        probabilities=reading.probabilities.tolist(),
        is_digit=reading.is_digit,
        digit_score=reading.digit_score,
        seen=as_data_url(reading.prepared.pixels),
        box=list(reading.prepared.box),
        row=row,
    )
