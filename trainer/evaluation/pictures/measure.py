"""Reads labeled pictures as the web app does, and counts what is right, accepted and sure."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from trainer.errors import TrainerError
from trainer.evaluation.pictures.manifest import (
    BadRow,
    LabeledPicture,
    printable,
    read_manifest,
)
from trainer.evaluation.pictures.results import (
    WHATS,
    KindRow,
    PictureMistake,
    PictureResults,
    What,
)
from trainer.progress import ReportProgress
from trainer.recognition.array_types import Pixels
from trainer.recognition.image import MAX_BYTES, Picture, PictureError, as_data_url, decode
from trainer.recognition.labels import NOT_A_DIGIT_NAME
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.preprocess.arrays import as_array
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.segments import TooManyPieces

MAX_KINDS = 100
"""Kinds that are told apart; rows of further ones are left out."""

MAX_MISTAKES = 24
"""Mistakes that are shown of each kind: the most confident."""

_KEPT_MESSAGES = 100  # about rows that are left out
_REPORTED = 200  # pictures between two reports
_THUMBNAIL = 144  # pixels of the longer side
_BACKDROP = 190  # gray behind transparent pictures, on which black and white ink can be seen


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the web app would answer: a prediction, or the reason for none."""

    picture: Picture | None
    answer: NumberPrediction | None
    error: str = ""


def measure_pictures(
    recognizer: Recognizer,
    folder: Path,
    *,
    command: str,
    warn: Callable[[str], None],
    report: ReportProgress,
) -> PictureResults:
    """Measure the pictures that the folder's manifest lists, one at a time.

    `warn` is called with a line for each row that is left out. Memory does not grow with the number
    of pictures. Raises `TrainerError` if there is no manifest, or no picture in it.
    """
    counts = _Counts()
    for row in read_manifest(folder):
        bad = row if isinstance(row, BadRow) else _measure_one(recognizer, row, counts)
        if bad:
            warn(str(bad))
            counts.leave_out(bad)
        elif counts.pictures % _REPORTED == 0:
            report(f"{counts.pictures:,} pictures …")
    if not counts.pictures:
        raise TrainerError(f"{folder}: no row of the manifest names a picture")
    return PictureResults(
        command=command,
        model=recognizer.card.version,
        preprocessing=recognizer.card.preprocessing,
        rows=list(counts.rows.values()),
        totals=counts.totals(),
        left_out=counts.left_out,
        left_out_rows=counts.messages,
        mistakes=counts.mistakes(),
    )


def _measure_one(recognizer: Recognizer, row: LabeledPicture, counts: _Counts) -> BadRow | None:
    """Read and count a picture; returns why it cannot be."""
    if not counts.has_room(row):
        return BadRow(row.line, f"more than {MAX_KINDS} kinds")
    try:
        with row.file.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # `decode` refuses what is longer
    except OSError as error:
        return BadRow(row.line, f"{row.name}: {error.strerror or error}")
    counts.add(row, read_as_uploaded(recognizer, content, is_number=_what(row) == "number"))
    return None


def read_as_uploaded(recognizer: Recognizer, content: bytes, *, is_number: bool) -> _Reading:
    """Read the content of a picture file as an upload to the web app, as a digit or a number."""
    picture = None
    try:
        picture = decode(content)
        inputs = ModelInputs(picture.image, picture.scale)
        return _Reading(picture, recognizer.read_as(inputs, "number" if is_number else "digit"))
    except EmptyDrawing:
        return _Reading(picture, None, "no ink was found")
    except (PictureError, TooManyPieces) as error:
        return _Reading(picture, None, printable(str(error)))


class _Counts:
    """Counts by kind, and the mistakes that are kept."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, What], KindRow] = {}
        self.pictures = 0
        self.left_out = 0
        self.messages: list[str] = []
        self._mistakes: dict[tuple[str, What], list[tuple[float, int, PictureMistake]]] = {}

    def has_room(self, row: LabeledPicture) -> bool:
        """Whether a row's kind is counted already, or can be."""
        kinds = {kind for kind, _ in self.rows}
        return row.kind in kinds or len(kinds) < MAX_KINDS

    def leave_out(self, row: BadRow) -> None:
        self.left_out += 1
        if len(self.messages) < _KEPT_MESSAGES:
            self.messages.append(str(row))

    def add(self, row: LabeledPicture, reading: _Reading) -> None:
        """Count what was read."""
        key = (row.kind, _what(row))
        counted = self.rows.setdefault(key, KindRow(kind=row.kind, what=key[1]))
        answer = reading.answer
        if row.truth == NOT_A_DIGIT_NAME:
            is_right = is_accepted = answer is None or not answer.is_number
        else:
            is_right = answer is not None and answer.text == row.truth
            is_accepted = is_right and answer is not None and answer.is_number
        self.pictures += 1
        counted.pictures += 1
        counted.right += is_right
        counted.accepted += is_accepted
        counted.unread += answer is None
        if not is_accepted:
            counted.sure_and_wrong += answer is not None and answer.certainty == "sure"
            self._keep(key, row, reading, is_right)

    def _keep(
        self, key: tuple[str, What], row: LabeledPicture, reading: _Reading, is_right: bool
    ) -> None:
        """Keep a mistake if it is among the most confident ones of its kind."""
        kept = self._mistakes.setdefault(key, [])
        rank = _rank(reading.answer, is_right)
        if len(kept) == MAX_MISTAKES and rank <= kept[0][0]:
            return
        item = (rank, -self.pictures, _mistake(row, reading))
        (heapq.heappush if len(kept) < MAX_MISTAKES else heapq.heapreplace)(kept, item)

    def mistakes(self) -> list[PictureMistake]:
        """The mistakes that were kept, the most confident first."""
        kept = [item for items in self._mistakes.values() for item in items]
        return [mistake for _, _, mistake in sorted(kept, key=lambda item: item[:2], reverse=True)]

    def totals(self) -> list[KindRow]:
        """The sums over all kinds, where there is more than one."""
        if len({row.kind for row in self.rows.values()}) < 2:
            return []
        sums = []
        for what in WHATS:
            parts = [row for row in self.rows.values() if row.what == what]
            if parts:
                total = KindRow(kind="all", what=what)
                for name in ("pictures", "right", "accepted", "sure_and_wrong", "unread"):
                    setattr(total, name, sum(getattr(part, name) for part in parts))
                sums.append(total)
        return sums


def _what(row: LabeledPicture) -> What:
    if row.truth == NOT_A_DIGIT_NAME:
        return "not a digit"
    return "digit" if row.is_digit else "number"


def _rank(answer: NumberPrediction | None, is_right: bool) -> float:
    """How bad a mistake is: first accepted wrong answers, then wrong, then right but rejected."""
    if answer is None:
        return -1.0
    return answer.confidence + (2 if answer.is_number else 0 if is_right else 1)


def _mistake(row: LabeledPicture, reading: _Reading) -> PictureMistake:
    answer = reading.answer
    return PictureMistake(
        file=row.name,
        kind=row.kind,
        truth=row.truth,
        answer=answer.text if answer else "",
        certainty=answer.certainty if answer else None,
        confidence=answer.confidence if answer else 0.0,
        error=reading.error,
        picture=_thumbnail(reading.picture) if reading.picture else "",
        seen=_seen(answer) if answer else "",
    )


def _thumbnail(picture: Picture) -> str:
    """A small copy, as a data URL."""
    pixels = as_array(picture.image)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        opacity = pixels[:, :, 3:] / np.float32(255)
        pixels = (pixels[:, :, :3] * opacity + _BACKDROP * (1 - opacity)).astype(np.uint8)
    factor = _THUMBNAIL / max(pixels.shape[:2])
    if factor < 1:
        size = tuple(max(1, round(side * factor)) for side in pixels.shape[1::-1])
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return as_data_url(pixels)


def _seen(answer: NumberPrediction) -> str:
    """The model's inputs side by side, as a data URL."""
    inputs: list[Pixels] = [digit.prepared.pixels for digit in answer.digits[:12]]
    return as_data_url(np.concatenate(inputs, axis=1))
