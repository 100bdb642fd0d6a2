import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.data.datasets.strokes import rendered_strokes
from trainer.data.rendering.rendered import RecordRenderer, RenderedDataset
from trainer.data.rendering.stroke_augmentation import augment_strokes
from trainer.data.samples import Split, repeated
from trainer.data.strokes.records import read_split

COORDINATES = st.floats(-1e4, 1e4, allow_subnormal=False)
STROKES = st.lists(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=COORDINATES),
    min_size=1,
    max_size=4,
)


@given(STROKES, st.integers(0, 2**32))
def test_augmentation_keeps_the_number_of_strokes_and_points(strokes, seed):
    augmented = augment_strokes(strokes, np.random.default_rng(seed))
    assert [line.shape for line in augmented] == [line.shape for line in strokes]
    assert all(np.isfinite(line).all() for line in augmented)
    assert np.ptp(np.vstack(augmented), axis=0).max() < 3


def test_augmentation_moves_the_points_noticeably_but_not_far(drawings):
    for label, strokes in drawings.items():
        points = np.vstack(strokes)
        longest = np.ptp(points, axis=0).max()
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        augmented = np.vstack(augment_strokes(strokes, np.random.default_rng(label)))
        moved = np.linalg.norm(augmented - (points - middle) / longest, axis=1)
        assert 0.005 < np.median(moved) < 0.25


def test_augmentation_applies_to_the_training_split_only(pen_strokes):
    for split in Split:
        records = read_split(pen_strokes, "digits", split)
        order = repeated(len(records), 40, np.random.default_rng(3))
        plain = RenderedDataset(RecordRenderer(records, order), 40, split, seed=3).samples()
        given = rendered_strokes(split, pen_strokes, 40, seed=3).samples()
        alike = (given.pixels == plain.pixels).all(axis=(1, 2))
        assert alike.all() == (split is not Split.TRAIN)
