"""The columns of a drawing that say what it shows: its labels, and what the model read.

Each is a digit, `not_a_digit`, or a number: its digits as text, with a line feed between rows. A
number has a column of its own beside `label`, which is not_a_digit then: that is what a process of
a former release, which may serve beside this one during an upgrade, takes several digits for.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, case, cast, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from trainer.recognition.labels import is_number
from webapp.schemas import MAX_NUMBER_CHARS, NOT_A_DIGIT


class Labeled:
    """A table with these columns."""

    label: Mapped[str] = mapped_column(String(12))
    """0 to 9, or not_a_digit: the visitor's label, unless a reviewer changed it. Use `truth`."""
    number: Mapped[str | None] = mapped_column(String(MAX_NUMBER_CHARS))
    """The number, if it is one."""
    visitor_label: Mapped[str] = mapped_column(String(12))
    """The label that the visitor gave. Use `visitor_truth`."""
    visitor_number: Mapped[str | None] = mapped_column(String(MAX_NUMBER_CHARS))
    """The number that the visitor gave, if it is one."""
    digit: Mapped[int]
    """What the model read. Of a number, its least certain digit."""
    is_digit: Mapped[bool]
    """Whether the model took it for a digit, or for a number, at all."""
    answered_number: Mapped[str | None] = mapped_column(String(MAX_NUMBER_CHARS))
    """The number that the model read, if it read one; its beginning, if it is longer than this."""

    @hybrid_property
    def truth(self) -> str:
        """The label: a digit, not_a_digit or a number."""
        return _text_of(self.label, self.number)

    @truth.inplace.setter
    def _set_truth(self, text: str) -> None:
        self.label, self.number = label_columns(text)

    @truth.inplace.expression
    @classmethod
    def _truth(cls) -> ColumnElement[str]:
        return _sql_text_of(cls.label, cls.number)

    @hybrid_property
    def is_number(self) -> bool:
        """Whether it is labeled as a number of several digits."""
        return is_number(self.truth)

    @is_number.inplace.expression
    @classmethod
    def _is_number(cls) -> ColumnElement[bool]:
        return (cls.label == NOT_A_DIGIT) & cls.number.is_not(None)

    @hybrid_property
    def visitor_truth(self) -> str:
        """The visitor's label: a digit, not_a_digit or a number."""
        return _text_of(self.visitor_label, self.visitor_number)

    @visitor_truth.inplace.setter
    def _set_visitor_truth(self, text: str) -> None:
        self.visitor_label, self.visitor_number = label_columns(text)

    @visitor_truth.inplace.expression
    @classmethod
    def _visitor_truth(cls) -> ColumnElement[str]:
        return _sql_text_of(cls.visitor_label, cls.visitor_number)

    @hybrid_property
    def answer(self) -> str:
        """What the model read: a digit, not_a_digit or a number."""
        return (self.answered_number or str(self.digit)) if self.is_digit else NOT_A_DIGIT

    @answer.inplace.expression
    @classmethod
    def _answer(cls) -> ColumnElement[str]:
        read = func.coalesce(cls.answered_number, cast(cls.digit, String))
        return case((cls.is_digit, read), else_=NOT_A_DIGIT)


def label_columns(text: str) -> tuple[str, str | None]:
    """The values of `Labeled.label` and `Labeled.number`, or of the visitor's, for a label."""
    return (NOT_A_DIGIT, text) if is_number(text) else (text, None)


def _text_of(label: str, number: str | None) -> str:
    return number if number and label == NOT_A_DIGIT else label


def _sql_text_of(
    label: ColumnElement[str] | Mapped[str], number: ColumnElement[str] | Mapped[str | None]
) -> ColumnElement[str]:
    return case((label == NOT_A_DIGIT, func.coalesce(number, label)), else_=label)
