"""Files in the format of MNIST."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.data.idx import read_idx

KINDS = {"uint8": 0x08, "int32": 0x0C}


def idx(numbers: np.ndarray) -> bytes:
    header = [KINDS[numbers.dtype.name] << 8 | numbers.ndim, *numbers.shape]
    return np.array(header, ">u4").tobytes() + numbers.tobytes()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "numbers"


numbers = st.sampled_from(["u1", ">i4"]).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(max_dims=3, max_side=5, min_side=0))
)


@given(numbers)
def test_numbers_are_read_as_they_were_written(file, numbers):
    file.write_bytes(idx(numbers))
    found = read_idx(file, numbers.dtype.name, numbers.ndim)
    assert found.dtype == numbers.dtype.newbyteorder("=")
    assert found.flags.writeable
    np.testing.assert_array_equal(found, numbers)


@given(numbers, st.binary(max_size=40), st.integers(0, 40), st.sampled_from(list(KINDS)))
def test_anything_else_is_a_value_error(file, numbers, added, cut, kind):
    content = idx(numbers)
    file.write_bytes(added + content[cut:])
    try:
        found = read_idx(file, kind, numbers.ndim)
    except ValueError:
        return
    assert idx(found.astype(found.dtype.newbyteorder(">"))) == file.read_bytes()


@pytest.mark.parametrize("numbers", [np.zeros(3, ">i4"), np.zeros((3, 1), "u1"), np.array(0, "u1")])
def test_numbers_of_another_kind_or_in_other_dimensions_are_a_value_error(file, numbers):
    file.write_bytes(idx(numbers))
    with pytest.raises(ValueError, match="no IDX file of uint8 in 1 dimensions"):
        read_idx(file, "uint8", 1)
