import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.data.datasets.strokes import stroke_drawings
from trainer.data.rendering.rendered import Drawings, RenderedRecords
from trainer.data.rendering.stroke_augmentation import another_hand
from trainer.data.samples import Split, repeated
from trainer.data.strokes.records import read_split

COORDINATES = st.floats(-1e4, 1e4, allow_subnormal=False)
STROKES = st.lists(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=COORDINATES),
    min_size=1,
    max_size=4,
)


@given(STROKES, st.integers(0, 2**32))
def test_another_hand_writes_as_many_strokes_of_as_many_points(strokes, seed):
    written = another_hand(strokes, np.random.default_rng(seed))
    assert [line.shape for line in written] == [line.shape for line in strokes]
    assert all(np.isfinite(line).all() for line in written)
    assert np.ptp(np.vstack(written), axis=0).max() < 3


def test_another_hand_writes_the_same_digit_in_another_way(drawings):
    for label, strokes in drawings.items():
        points = np.vstack(strokes)
        longest = np.ptp(points, axis=0).max()
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        written = np.vstack(another_hand(strokes, np.random.default_rng(label)))
        moved = np.linalg.norm(written - (points - middle) / longest, axis=1)
        assert 0.005 < np.median(moved) < 0.25


def test_only_what_is_learned_from_is_written_by_other_hands(pen_strokes):
    for split in Split:
        records = read_split(pen_strokes, "digits", split)
        order = repeated(len(records), 40, np.random.default_rng(3))
        as_written = Drawings(RenderedRecords(records, order), 40, split, seed=3).samples()
        given = stroke_drawings(split, pen_strokes, 40, seed=3).samples()
        alike = (given.pixels == as_written.pixels).all(axis=(1, 2))
        assert alike.all() == (split is not Split.TRAIN)
