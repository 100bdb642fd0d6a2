"""Rows for the row reader: rendered by seed and split, from records that must be there."""

import numpy as np
import pytest

from trainer.data.rendering.numbers import MARKS
from trainer.data.rows import RowRenderer, render_rows
from trainer.data.samples import Split
from trainer.data.strokes.records import Record
from trainer.errors import TrainerError

ALL_MARKS = "".join(MARKS)
LINE = [np.array([(0.0, 0.0), (0.0, 9.0)])]


def records(labels: str) -> list[Record]:
    return [Record(label, LINE, "somebody") for label in labels]


@pytest.mark.parametrize(
    ("others", "missing"),
    [(ALL_MARKS, "letters"), (ALL_MARKS.replace("/", "") + "q", "/")],
)
def test_records_without_a_mark_or_without_letters_are_refused(others, missing):
    with pytest.raises(TrainerError, match=f"have no .*{missing}"):
        RowRenderer.of(records("0123456789"), records(others))


def test_pictures_have_one_row_or_two_and_follow_from_the_seed():
    renderer = RowRenderer.of(records("0123456789"), records(ALL_MARKS + "q"))
    drawn = [renderer.draw(np.random.default_rng([0, index])) for index in range(40)]
    again = [renderer.draw(np.random.default_rng([0, index])) for index in range(40)]
    assert {len(texts) for texts, _ in drawn} == {1, 2}
    for (texts, picture), (same_texts, same) in zip(drawn, again, strict=True):
        assert texts == same_texts
        assert (picture == same).all()


def test_rendered_rows_are_the_same_again_and_differ_by_split(pen_strokes):
    rows = render_rows(pen_strokes, Split.VALIDATION, 40, 0)
    again = render_rows(pen_strokes, Split.VALIDATION, 40, 0)
    other = render_rows(pen_strokes, Split.TRAIN, 40, 0)
    assert rows.texts == again.texts != other.texts
    assert all((one == two).all() for one, two in zip(rows.images, again.images, strict=True))
    assert set("".join(rows.texts)) == set("0123456789")
    assert "" in render_rows(pen_strokes, Split.VALIDATION, 60, 1).texts  # marks or letters alone
