"""Files in the format of MNIST."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainer.data.idx import read_idx

KINDS = {"u1": 0x08, ">i4": 0x0C}


def idx(numbers: np.ndarray) -> bytes:
    header = [KINDS[numbers.dtype.str.lstrip("|")] << 8 | numbers.ndim, *numbers.shape]
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
    found = read_idx(file)
    assert found.dtype == numbers.dtype.newbyteorder("=")
    assert found.flags.writeable
    np.testing.assert_array_equal(found, numbers)


@given(numbers, st.binary(max_size=40), st.integers(0, 40))
def test_anything_else_is_a_value_error(file, numbers, added, cut):
    content = idx(numbers)
    file.write_bytes(added + content[cut:])
    if added + content[cut:] == content:
        return
    try:
        found = read_idx(file)
    except ValueError:
        return
    assert idx(found.astype({"uint8": "u1", "int32": ">i4"}[found.dtype.name])) == file.read_bytes()
