"""Stores, finds and deletes labeled drawings."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import cv2
import msgspec
import numpy as np
from PIL import Image
from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trainer.recognition.image import Picture, as_png
from trainer.recognition.preprocess import Pixels, preprocess
from webapp.schemas import MAX_NUMBER_CHARS
from webapp.storage import full_disk
from webapp.storage.database import Database
from webapp.storage.labeled import label_columns
from webapp.storage.sides import Side
from webapp.storage.tables import Drawing, now
from webapp.storage.visibility import UNFINISHED_TOO, is_visible
from webapp.storage.votes import vote, withdraw_vote

LARGEST_SIDE = 560
"""Longer side of a stored image, in pixels: the size that the page sends for a number."""

State = Literal["new", "accepted", "rejected"]

_FETCH_ROWS = 100


class PredictionRecord(msgspec.Struct, array_like=True, frozen=True):
    """A prediction as it is stored with a drawing."""

    model: str
    version: str
    digit: int
    confidence: float
    is_digit: bool
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """A drawing with a visitor's label and the prediction that it refers to.

    `label` is a digit, not_a_digit or a number; `picture` is a PNG file that this app encoded;
    `seen`, uint8 [28, 28], is the model's input, of the whole drawing as one digit.
    """

    prediction: PredictionRecord
    label: str
    picture: bytes
    seen: Pixels
    strokes: list[Any] | None
    answered_number: str | None = None
    """The text of the prediction, if that is of several digits."""

    @classmethod
    def of_picture(
        cls,
        prediction: PredictionRecord,
        label: str,
        picture: Picture,
        strokes: list[Any] | None,
        answered_number: str | None = None,
    ) -> Correction:
        """From the image that was sent. Raises `EmptyDrawing` if it has no ink."""
        seen = preprocess(picture.image, picture.scale).pixels
        file = stored_picture(picture.image)
        return cls(prediction, label, file, seen, strokes, answered_number)

    @classmethod
    def of_seen(
        cls, prediction: PredictionRecord, label: str, seen: bytes, strokes: list[Any] | None
    ) -> Correction:
        """From the model's input alone, 28×28, as a PNG file."""
        pixels = np.asarray(cv2.imdecode(np.frombuffer(seen, np.uint8), cv2.IMREAD_GRAYSCALE))
        return cls(prediction, label, seen, pixels, strokes)


def store(
    session: Session, correction: Correction, visitor: str, side: Side, state: State = "new"
) -> tuple[Drawing, bool]:
    """Store a correction; return the row, and whether it is new.

    The same drawing is stored only once. Until it is reviewed, its visitor may change the label;
    the labels of others are counted as votes. A visitor's drawing replaces that of an import which
    is not done, as that may still fail.
    """
    drawing = Drawing(**row(correction, visitor, side, state))
    same = Drawing.fingerprint == drawing.fingerprint
    while True:
        try:
            with session.begin_nested():
                session.add(drawing)
        except IntegrityError:
            stored = session.scalars(select(Drawing).where(same).with_for_update()).one_or_none()
        else:
            return drawing, True
        if stored is not None:
            if stored.visitor == visitor and stored.state == "new":
                withdraw_vote(stored, side.origin)
                stored.visitor_truth = stored.truth = correction.label
            vote(stored, side.origin, correction.label)
            return stored, False
        staged = delete(Drawing).where(same, ~is_visible())
        session.execute(staged, execution_options=UNFINISHED_TOO)


def review(drawing: Drawing, state: State, label: str | None) -> None:
    """Apply a reviewer's decision; without a label the drawing keeps its own."""
    drawing.state = state
    drawing.truth = label or drawing.truth
    drawing.reviewed = None if state == "new" else now()
    drawing.is_disputed = state == "new" and len(drawing.votes or {}) > 1


def row(correction: Correction, visitor: str, side: Side, state: State) -> dict[str, Any]:
    """The columns of a new drawing."""
    prediction = correction.prediction
    label, number = label_columns(correction.label)
    answered_number = (correction.answered_number or "")[:MAX_NUMBER_CHARS] or None
    return {
        "id": secrets.token_hex(16),
        "created": now(),
        "visitor": visitor,
        "picture": correction.picture,
        "seen": as_png(correction.seen),
        "fingerprint": hashlib.sha256(correction.seen.tobytes()).hexdigest(),
        "strokes": correction.strokes,
        "label": label,
        "visitor_label": label,
        "number": number,
        "visitor_number": number,
        "state": state,
        "held_back": side.held_back,
        "origin": side.origin,
        "votes": {correction.label: [side.origin]},
        "answered_number": answered_number,
        "digit": prediction.digit,
        "confidence": prediction.confidence,
        "is_digit": prediction.is_digit,
        "probabilities": list(prediction.probabilities),
        "model": prediction.model,
        "version": prediction.version,
    }


def accepted(database: Database) -> Iterator[Drawing]:
    """The accepted drawings that are not disputed, held back or not, oldest first.

    They are fetched in batches, each in a transaction of its own: however slowly they are taken, no
    transaction stays open, and whoever takes them may change threads.
    """
    those = select(Drawing).where(is_usable())
    those = those.order_by(Drawing.created, Drawing.id).limit(_FETCH_ROWS)
    after: ColumnElement[bool] = true()
    while True:
        with database.reading() as session:
            batch = session.scalars(those.where(after)).all()
        yield from batch
        if len(batch) < _FETCH_ROWS:
            return
        last = batch[-1]
        is_later = (Drawing.created > last.created) | (Drawing.id > last.id)
        after = (Drawing.created >= last.created) & is_later


def is_usable() -> ColumnElement[bool]:
    """SQL condition: the drawing may teach or judge."""
    return (Drawing.state == "accepted") & ~Drawing.is_disputed


@dataclass(frozen=True, slots=True)
class Part:
    """The usable drawings that teach, or those that judge."""

    drawings: int
    visitors: int
    """Origins, strictly: visitors of one network and day count as one."""


def parts(session: Session) -> tuple[Part, Part]:
    """How many drawings teach, and how many judge."""
    counts = select(Drawing.held_back, func.count(), func.count(Drawing.origin.distinct()))
    found = {
        bool(held_back): Part(drawings, visitors)
        for held_back, drawings, visitors in session.execute(
            counts.where(is_usable()).group_by(Drawing.held_back)
        )
    }
    return found.get(False, Part(0, 0)), found.get(True, Part(0, 0))


def teaching_origins(database: Database) -> set[str]:
    """The origins of the drawings that teach."""
    those = select(Drawing.origin).where(is_usable(), ~Drawing.held_back).distinct()
    with database.reading() as session:
        return {origin for origin in session.scalars(those) if origin}


def delete_own(session: Session, identity: str, visitor: str) -> bool:
    """Delete a drawing of this visitor; return whether there was one."""
    return delete_drawings(session, Drawing.id == identity, Drawing.visitor == visitor) > 0


def expire(database: Database, days: int) -> int:
    """Delete the drawings older than this many days, 0 for never; return how many."""
    return full_disk.delete(database, lambda session: delete_expired(session, days))


def delete_expired(session: Session, days: int) -> int:
    """The same as `expire`, within a transaction."""
    return delete_drawings(session, Drawing.created < now() - timedelta(days=days)) if days else 0


def delete_drawings(session: Session, *those: ColumnElement[bool]) -> int:
    """Delete the drawings that meet all conditions; return how many."""
    gone = session.scalars(delete(Drawing).where(*those).returning(Drawing.id))
    return len(gone.all())


def delete_all(session: Session) -> int:
    """Delete all drawings, also those of unfinished imports; return how many were visible.

    Without a condition SQLite drops the pages of the table at once, and writes hardly any.
    """
    count = session.scalar(select(func.count()).select_from(Drawing)) or 0
    session.execute(delete(Drawing), execution_options=UNFINISHED_TOO)
    return count


def stored_picture(image: Image.Image) -> bytes:
    """The PNG file that is stored: the pixels alone, no larger than `LARGEST_SIDE`."""
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    kind = "RGBA" if has_alpha else "L" if image.mode in {"1", "L"} else "RGB"
    copy = image.convert(kind)
    copy.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    file = io.BytesIO()
    Image.fromarray(np.asarray(copy)).save(file, "PNG")
    return file.getvalue()
