"""Non-digits: letters that people drew, and synthetic scribbles."""

import cv2
import numpy as np
import pytest
from PIL import Image

from trainer.data.datasets import DATA_SETS
from trainer.data.datasets.fragments import FragmentRenderer
from trainer.data.datasets.letters import LOOK_ALIKES, letter_records
from trainer.data.datasets.scribbles import KINDS, scribble
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.data.strokes.records import Record, read
from trainer.errors import TrainerError
from trainer.recognition.labels import NOT_A_DIGIT, NOT_A_DIGIT_NAME
from trainer.training.training_data import load_splits


def test_letters_are_labeled_as_not_a_digit_and_look_alikes_are_left_out(pen_strokes):
    records = letter_records(Split.TEST, pen_strokes)
    labels = {record.label for record in records}
    assert not labels & LOOK_ALIKES
    assert len(labels) > 50
    loaded = DATA_SETS["letters"].load(Split.TRAIN, pen_strokes, 40, 0)
    assert set(loaded.labels.tolist()) == {NOT_A_DIGIT}


def test_all_look_alikes_occur_in_the_files(pen_strokes):
    assert {record.label for record in read(pen_strokes, "letters")} >= LOOK_ALIKES


def test_scribbles_depend_on_the_seed_alone():
    first, again, other = (DATA_SETS["scribbles"].load(Split.TRAIN, None, 60, s) for s in (1, 1, 2))
    assert first.sha256() == again.sha256() != other.sha256()
    assert first.has_ink.mean() > 0.7


@pytest.mark.parametrize("kind", [*range(len(KINDS)), len(KINDS)])
def test_scribbles_of_each_kind_differ_from_each_other(kind):
    rng = np.random.default_rng(0)
    pictures = [scribble(kind, rng) for _ in range(20)]
    assert len({picture.tobytes() for picture in pictures}) == 20


def test_a_set_without_digits_cannot_validate(tmp_path):
    picture = tmp_path / "validation" / NOT_A_DIGIT_NAME / "a.png"
    picture.parent.mkdir(parents=True)
    Image.fromarray(scribble(0, np.random.default_rng(0))).save(picture)
    few, validation = Source("scribbles", 20), Source("folder", path=tmp_path)
    with pytest.raises(TrainerError, match="no digits to validate with"):
        load_splits([few], [validation], seed=0, learn_validation=False)


def test_symbols_are_no_digits_and_depend_on_the_seed_alone():
    first, again, other = (DATA_SETS["symbols"].load(Split.TRAIN, None, 30, s) for s in (1, 1, 2))
    assert first.sha256() == again.sha256() != other.sha256()
    assert set(first.labels.tolist()) == {NOT_A_DIGIT}
    assert first.has_ink.all()


def test_fragments_are_by_the_writers_of_the_split(pen_strokes):
    parts = [DATA_SETS["fragments"].load(split, pen_strokes, 6, 0) for split in Split]
    assert len({part.sha256() for part in parts}) == 3
    for part in parts:
        assert set(part.labels.tolist()) == {NOT_A_DIGIT}
        assert part.has_ink.all()


def test_no_fragment_is_a_digit_by_itself():
    """Of a writer who knows but the 1, a fragment has two of them, or parts of two."""
    bar = np.column_stack([np.zeros(9), np.linspace(0, 1, 9)])
    draw = FragmentRenderer.of([Record("1", [bar], "writer")])
    label, pixels = draw(0, np.random.default_rng(0))
    assert label == NOT_A_DIGIT
    assert np.ptp(np.nonzero(pixels > 127)[1]) >= 5
    assert cv2.connectedComponents((pixels > 127).astype(np.uint8))[0] - 1 >= 2
