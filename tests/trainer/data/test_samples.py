"""Samples, and those that share repeated images."""

import numpy as np
import pytest
import torch

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.training.batches import Batches

RNG = np.random.default_rng(0)
PLAIN = Samples(RNG.integers(0, 256, (5, 28, 28), np.uint8), np.arange(5))
ROWS = np.array([2, 0, 0, 4, 2, 1])
SHARED = Samples(PLAIN.images, PLAIN.labels[ROWS], rows=ROWS)
COPIED = Samples(PLAIN.images[ROWS], PLAIN.labels[ROWS])


def same(first: Samples, second: Samples) -> bool:
    return (
        len(first) == len(second)
        and (first.pixels == second.pixels).all()
        and (first.labels == second.labels).all()
        and (first.has_ink == second.has_ink).all()
        and first.sha256() == second.sha256()
    )


def test_samples_that_share_images_are_like_copies_of_them():
    assert same(SHARED, COPIED)
    for chosen in (np.array([3, 1]), ROWS > 1, np.s_[1:4]):
        assert same(SHARED.where(chosen), COPIED.where(chosen))
    assert same(Samples.join([PLAIN, SHARED, PLAIN]), Samples.join([PLAIN, COPIED, PLAIN]))
    assert len(Samples.join([PLAIN, SHARED]).images) == 10
    assert same(Samples.join([SHARED]), COPIED)


def test_batches_of_samples_that_share_images_are_those_of_copies():
    shared, copied = (
        list(Batches(samples, 4, torch.device("cpu"), seed=1).epoch(0))
        for samples in (SHARED, COPIED)
    )
    for first, second in zip(shared, copied, strict=True):
        assert all(torch.equal(*each) for each in zip(first, second, strict=True))


@pytest.mark.filterwarnings("ignore::trainer.data.datasets.folder.UnreadablePicture")
def test_repeated_files_are_read_once(some_digits, tmp_path):
    folder = tmp_path / "own"
    for name in ("3", "7"):
        place = folder / "train" / name
        place.mkdir(parents=True)
        for file in sorted((some_digits / "test" / name).iterdir())[:4]:
            (place / file.name).write_bytes(file.read_bytes())
    (folder / "train" / "5").mkdir()
    (folder / "train" / "5" / "notes.png").write_text("no picture")
    for split in ("validation", "test"):
        (folder / split).mkdir()
    samples = Source("folder", 27, folder).load(Split.TRAIN)
    assert len(samples.images) == 8
    assert len(samples) == 24  # three rounds of eight; the ninth file cannot be read
    assert np.bincount(samples.labels).tolist() == [0, 0, 0, 12, 0, 0, 0, 12]
    for pixels, file, label in zip(samples.pixels, samples.files, samples.labels, strict=True):
        (index, *_) = np.flatnonzero(samples.files == file)
        assert (pixels == samples.pixels[index]).all()
        assert f"/train/{label}/" in file
