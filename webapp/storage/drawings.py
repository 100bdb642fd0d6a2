"""What people say was right: kept with the drawing, once, within a rate limit, until it expires."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import cv2
import numpy as np
from PIL import Image
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trainer.recognition.image import Picture, as_png
from trainer.recognition.preprocess import Pixels, preprocess
from webapp.inference.signed_prediction import SignedPrediction
from webapp.storage.database import Database
from webapp.storage.tables import Drawing, now

LARGEST_SIDE = 560
"""Pixels of a kept picture's longer side: as many as the page sends of a number."""

State = Literal["new", "accepted", "rejected"]

_HELD_BACK = 5  # one visitor in so many
_AT_ONCE = 100  # rows that are read together


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody said about an answer.

    `picture` is what was sent with it, PNG by our own hand; `seen` is uint8 [28, 28].
    """

    signed: SignedPrediction
    told: str
    picture: bytes
    seen: Pixels
    strokes: list[Any] | None


def correction(
    signed: SignedPrediction, told: str, picture: Picture | None, strokes: list[Any] | None
) -> Correction:
    """Put one together; without a picture, what the model saw is kept.

    Raises `EmptyDrawing` where the picture has no ink.
    """
    if picture is None:
        return Correction(signed, told, signed.seen, _pixels(signed.seen), strokes)
    seen = preprocess(picture.image, picture.scale).pixels
    return Correction(signed, told, _as_png(picture.image), seen, strokes)


def keep(
    session: Session, given: Correction, visitor: str, state: State = "new"
) -> tuple[Drawing, bool]:
    """Keep a correction in a state, and tell whether it is new.

    The same drawing is kept once: its visitor may tell another truth until it is reviewed, and
    nobody else may.
    """
    fingerprint = hashlib.sha256(given.seen.tobytes()).hexdigest()
    known = select(Drawing).where(Drawing.fingerprint == fingerprint).with_for_update()
    drawing = Drawing(
        id=secrets.token_hex(16),
        created=now(),
        visitor=visitor,
        picture=given.picture,
        seen=as_png(given.seen),
        fingerprint=fingerprint,
        strokes=given.strokes,
        label=given.told,
        told=given.told,
        state=state,
        held_back=is_held_back(visitor),
        digit=given.signed.digit,
        confidence=given.signed.confidence,
        is_digit=given.signed.is_digit,
        probabilities=list(given.signed.probabilities),
        model=given.signed.model,
        version=given.signed.version,
    )
    try:
        with session.begin_nested():
            session.add(drawing)
    except IntegrityError:
        kept = session.scalars(known).one()
        if kept.visitor == visitor and kept.state == "new":
            kept.told = kept.label = given.told
        return kept, False
    return drawing, True


def accepted(session: Session) -> Iterator[Drawing]:
    """What was reviewed and found right, those held back too, the oldest first, a few at a time."""
    those = select(Drawing).where(Drawing.state == "accepted").order_by(Drawing.created)
    yield from session.scalars(those.execution_options(yield_per=_AT_ONCE))


def is_held_back(visitor: str) -> bool:
    """Whether this visitor's drawings judge models and never teach them: a fixed fifth do."""
    return int.from_bytes(hashlib.sha256(visitor.encode()).digest()[:8], "big") % _HELD_BACK == 0


def take_back(session: Session, identity: str, visitor: str) -> bool:
    """Delete a visitor's own drawing; whether there was one."""
    return delete_drawings(session, Drawing.id == identity, Drawing.visitor == visitor) > 0


def expire(database: Database, days: int) -> int:
    """Delete what is older than so many days; how many there were. 0 days keep for ever."""
    with database.writing() as session:
        return delete_expired(session, days)


def delete_expired(session: Session, days: int) -> int:
    """The same within a transaction."""
    return delete_drawings(session, Drawing.created < now() - timedelta(days=days)) if days else 0


def delete_drawings(session: Session, *those: ColumnElement[bool]) -> int:
    """Delete drawings, and tell how many."""
    gone = session.scalars(delete(Drawing).where(*those).returning(Drawing.id))
    return len(gone.all())


def _pixels(png: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE))


def _as_png(image: Image.Image) -> bytes:
    """No more of the picture than its pixels, and no more of those than are needed."""
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    kind = "RGBA" if has_alpha else "L" if image.mode in {"1", "L"} else "RGB"
    copy = image.convert(kind)
    copy.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    file = io.BytesIO()
    Image.fromarray(np.asarray(copy)).save(file, "PNG")
    return file.getvalue()
