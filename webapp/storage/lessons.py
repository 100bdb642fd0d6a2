"""The table of lessons: small trainings that a class watches. It is also their queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.storage.tables import Base, RunStatus, UTCDateTime, status_type


class Lesson(Base):
    """A small training that somebody of a class began. No version comes of it."""

    __tablename__ = "lessons"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    class_key: Mapped[str] = mapped_column(String(32), index=True)
    """The class, by the key of its token, or `admin`: who may watch."""
    live: Mapped[str | None] = mapped_column(String(32), unique=True)
    """The same until it has ended, then None; so that a class has one at a time."""
    starter: Mapped[str] = mapped_column(String(32))
    """A random number from the session of whoever began it, who may also cancel it."""
    mistake: Mapped[str] = mapped_column(String(40))
    """The trainer's recipe, in its folder `mistakes/`."""
    seed: Mapped[int]
    state: Mapped[RunStatus] = mapped_column(status_type(RunStatus), index=True)
    slot: Mapped[int | None] = mapped_column(unique=True)
    """1 while running, otherwise None; the unique constraint allows one at a time."""
    worker: Mapped[str] = mapped_column(String(32), default="")
    """Random identifier of the worker's claim; a worker that lost the lesson cannot write to it."""
    heartbeat: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Time of the worker's last heartbeat."""
    ended: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelling: Mapped[bool] = mapped_column(default=False)
    """Whether it was cancelled but its worker has not stopped yet."""
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """A `webapp.retraining.lesson_progress.LessonProgress`; empty before it begins."""
    code: Mapped[str] = mapped_column(String(20), default="")
    """Why it failed, as a code for scripts."""
