"""What is stored of a label: the drawing, with the prediction that the label is about."""

from __future__ import annotations

import logging
from typing import Any

from trainer.recognition.image import Picture, decode
from trainer.recognition.labels import LABELS, is_number
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.preprocess import Pixels
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.segments import TooManyPieces
from webapp.inference.likeness import REENCODED, distance
from webapp.inference.registry import Models
from webapp.inference.signed_prediction import SignedPrediction
from webapp.schemas import NOT_A_DIGIT
from webapp.storage.drawings import Correction, PredictionRecord, stored_picture

log = logging.getLogger(__name__)


class PictureNeeded(ValueError):
    """The label is about more than what is known of the drawing without its picture."""


def answered_correction(
    prediction: SignedPrediction, label: str, picture: Picture | None, strokes: list[Any] | None
) -> Correction | None:
    """The correction of a prediction; None if that was not made for this picture.

    A label of one digit, without a picture, is that of the image that the prediction calls `seen`,
    as the interface says: of a number, its least certain digit. Any other label is that of the
    whole drawing. Raises `EmptyDrawing` and `PictureNeeded`.
    """
    number = prediction.number or None
    if label in LABELS and label != NOT_A_DIGIT and not picture:
        return Correction.of_seen(prediction, label, prediction.seen, strokes)
    if prediction.whole:
        whole = decode(prediction.whole)
        answered = Correction.of_picture(prediction, label, whole, strokes, number)
    elif picture or not is_number(label):
        answered = Correction.of_seen(prediction, label, prediction.seen, strokes)
    else:
        raise PictureNeeded("send `image` as well: the digits were read as one")
    if not picture:
        return answered
    correction = Correction.of_picture(prediction, label, picture, strokes, number)
    if distance(answered.seen, correction.seen) <= REENCODED:
        return correction
    log.info("a prediction_id came with another picture, which was read again")
    return None


def predicted_correction(
    models: Models, label: str, picture: Picture, strokes: list[Any] | None
) -> Correction:
    """A correction of an image without a prediction: the default model makes one first.

    It reads a number if the label is one. Raises `EmptyDrawing`.
    """
    recognizer = models.get(models.default)
    reading, seen = _read(recognizer, picture, as_number=is_number(label))
    doubtful = reading.least_certain
    prediction = PredictionRecord(
        models.default,
        recognizer.card.version,
        doubtful.digit,
        round(reading.confidence, 4),
        reading.is_number,
        tuple(round(float(p), 4) for p in doubtful.probabilities),
    )
    number = reading.text if len(reading.digits) > 1 else None
    return Correction(prediction, label, stored_picture(picture.image), seen, strokes, number)


def _read(
    recognizer: Recognizer, picture: Picture, *, as_number: bool
) -> tuple[NumberPrediction, Pixels]:
    """What is read, and what the whole drawing is as one digit, uint8 [28, 28]."""
    if as_number:
        inputs = ModelInputs(picture.image, picture.scale)
        try:
            return recognizer.read_all(inputs), inputs.digit.pixels
        except TooManyPieces:
            log.info("a drawing labeled as a number has too many pieces to be read as one")
    digit = recognizer.read(picture.image, picture.scale)
    return NumberPrediction.of_digit(digit), digit.prepared.pixels
