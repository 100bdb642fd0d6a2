"""Activations of every shape become one picture."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from trainer.recognition.activation_layout import grid, lay_out


@given(
    arrays(np.float32, array_shapes(max_dims=3, max_side=70), elements=st.floats(-9, 9, width=32))
)
def test_an_activation_of_any_shape_is_laid_out_whole(values):
    laid_out = lay_out(values)
    assert laid_out.ndim == 2
    assert sorted(laid_out[~np.isnan(laid_out)]) == sorted(values.ravel())


def test_maps_stand_in_twice_as_many_columns_as_rows():
    assert lay_out(np.zeros((32, 7, 7), np.float32)).shape == (4 * 8 - 1, 8 * 8 - 1)


def test_tiles_stand_row_by_row_with_gaps_between_them():
    tiles = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    nan = np.nan
    expected = [
        [0, 0, nan, 1, 1],
        [0, 0, nan, 1, 1],
        [nan] * 5,
        [2, 2, nan, nan, nan],
        [2, 2, nan, nan, nan],
    ]
    np.testing.assert_array_equal(grid(tiles, columns=2), expected)
