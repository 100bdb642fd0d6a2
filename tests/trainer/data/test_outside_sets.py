"""Data sets that are only for testing: pendigits' test part, and QMNIST's lost digits."""

import numpy as np
import pytest

from tests.trainer.conftest import trainer
from trainer.data.datasets import DATA_SETS
from trainer.data.samples import Split
from trainer.errors import TrainerError
from trainer.evaluation.benchmark.accuracy import data_set_rows
from trainer.evaluation.benchmark.readers import bundle_reader
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer

TEST_ONLY = ("pendigits", "qmnist")
MNIST_TEST = 10_000  # digits that come first in QMNIST's test part


def pendigits_text(*digits: tuple[int, int]) -> str:
    """The format of `pendigits-orig.tes`: some digits, each (label, writer), y up."""
    segments = [
        f'.SEGMENT DIGIT {index} ? "{label}"\n.COMMENT {label} {writer} {index}\n'
        ".PEN_DOWN\n100 300\n100 200\n160 200\n.PEN_UP\n.DT 100\n.PEN_DOWN\n.PEN_UP\n"
        for index, (label, writer) in enumerate(digits)
    ]
    return ".VERSION 1.0\n.INCLUDE dene.doc\n" + "".join(segments)


@pytest.fixture
def folder(tmp_path, seven):
    """A data folder with four digits of pendigits' test part, and three of QMNIST's."""
    (tmp_path / "uci").mkdir()
    digits = pendigits_text((4, 31), (1, 31), (7, 32), (4, 44))
    (tmp_path / "uci" / "pendigits-orig.tes").write_text(digits)
    raw = tmp_path / "qmnist" / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = np.zeros((MNIST_TEST + 3, 28, 28), np.uint8)
    pixels[MNIST_TEST:, 4:24, 12:15] = 255
    columns = np.zeros((MNIST_TEST + 3, 8), ">i4")
    columns[MNIST_TEST:, 0] = [1, 1, 7]
    columns[MNIST_TEST:, 2] = [2100, 2599, 2100]
    write_idx(raw / "qmnist-test-images-idx3-ubyte", 0x0803, pixels)
    write_idx(raw / "qmnist-test-labels-idx2-int", 0x0C02, columns)
    return tmp_path


def write_idx(file, magic: int, values: np.ndarray) -> None:
    file.write_bytes(np.array([magic, *values.shape], ">i4").tobytes() + values.tobytes())


def test_pendigits_is_rendered_with_its_writers(folder):
    samples = DATA_SETS["pendigits"].load(Split.TEST, folder, None, 0)
    assert samples.labels.tolist() == [4, 1, 7, 4]
    assert samples.writers.tolist() == [0, 0, 1, 2]
    assert samples.has_ink.all()


def test_qmnist_leaves_out_what_mnist_published_and_knows_the_writers(folder):
    samples = DATA_SETS["qmnist"].load(Split.TEST, folder, None, 0)
    assert samples.labels.tolist() == [1, 1, 7]
    assert samples.writers.tolist() == [2100, 2599, 2100]
    assert samples.has_ink.all()


@pytest.mark.parametrize("name", TEST_ONLY)
def test_nobody_learns_from_them_or_chooses_by_them(folder, name):
    for split in (Split.TRAIN, Split.VALIDATION):
        with pytest.raises(TrainerError, match=f"{name} is for testing alone"):
            DATA_SETS[name].load(split, folder, None, 0)
    result = trainer("data", "stats", name, cwd=folder, INKLING_DATA=str(folder))
    assert result.stdout.splitlines()[1].startswith("test ")


def test_each_has_a_row_in_the_benchmark_where_it_is_on_the_machine(folder, tmp_path_factory):
    reader = bundle_reader("inkling", Recognizer(read_bundle(PRETRAINED / "inkling")))
    rows = {row.name: row for row in data_set_rows([reader], folder, None)}
    assert set(rows) == {DATA_SETS[name].row for name in TEST_ONLY}
    lost = rows[DATA_SETS["qmnist"].row]
    assert (lost.pictures, lost.right["inkling"]) == (3, pytest.approx(2 / 3))
    assert data_set_rows([reader], tmp_path_factory.mktemp("empty"), None) == []


@pytest.mark.parametrize("name", TEST_ONLY)
def test_missing_files_name_the_command_that_fetches_them(tmp_path, name):
    with pytest.raises(TrainerError, match=f"data fetch {name}"):
        DATA_SETS[name].load(Split.TEST, tmp_path, None, 0)


@pytest.mark.parametrize(
    "text",
    ["", "hello", pendigits_text((4, 1)).replace('"4"', '"x"'), pendigits_text((4, 1))[:-70]],
)
def test_other_files_than_pendigits_are_refused(tmp_path, text):
    (tmp_path / "uci").mkdir()
    (tmp_path / "uci" / "pendigits-orig.tes").write_text(text)
    with pytest.raises(TrainerError, match="not pendigits"):
        DATA_SETS["pendigits"].load(Split.TEST, tmp_path, None, 0)


@pytest.mark.parametrize("size", [None, 5])
def test_files_of_qmnist_without_digits_of_its_own_are_refused(folder, size):
    raw = folder / "qmnist" / "QMNIST" / "raw"
    write_idx(raw / "qmnist-test-images-idx3-ubyte", 0x0803, np.zeros((3, 28, 28), np.uint8))
    write_idx(raw / "qmnist-test-labels-idx2-int", 0x0C02, np.zeros((3, 8), ">i4"))
    with pytest.raises(TrainerError, match="damaged"):
        DATA_SETS["qmnist"].load(Split.TEST, folder, size, 0)


@pytest.mark.parametrize("cut", [2, 100, 70_000])
def test_damaged_files_of_qmnist_are_refused(folder, cut):
    file = folder / "qmnist" / "QMNIST" / "raw" / "qmnist-test-labels-idx2-int"
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(TrainerError, match="damaged"):
        DATA_SETS["qmnist"].load(Split.TEST, folder, None, 0)
