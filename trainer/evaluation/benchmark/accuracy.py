"""The accuracy of readers on MNIST, on each nuisance, and on numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainer.data.datasets import DATA_SETS
from trainer.data.rendering.rendered_numbers import NumberRenderer
from trainer.data.samples import Samples, Split
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import styles
from trainer.evaluation.benchmark.readers import Reader
from trainer.evaluation.benchmark.rendered_samples import (
    NuisanceRenderer,
    draw_one,
    draw_samples,
)
from trainer.evaluation.benchmark.results import Row
from trainer.progress import ReportProgress
from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import EmptyDrawing, preprocess
from trainer.recognition.recognizer import Recognizer

NUMBER_LENGTHS = range(2, 7)
"""Numbers of digits in the numbers that are measured."""


def mnist_row(readers: Sequence[Reader], folder: Path) -> Row:
    """Accuracy on MNIST's test set, which readers of scaled images see unchanged.

    `folder` is the data folder; MNIST is downloaded if it is missing.
    """
    from torchvision.datasets import MNIST

    stored = MNIST(root=str(folder / "mnist"), train=False, download=True)
    raw, labels = stored.data.numpy(), stored.targets.numpy()
    preprocessed = np.stack([preprocess(picture).pixels for picture in raw])
    seen = {"preprocessed": Samples(preprocessed, labels), "scaled": Samples(raw, labels)}
    right = {reader.name: _accuracy(reader, seen[reader.sees]) for reader in readers}
    return Row(name="MNIST test", setting="", pictures=len(labels), right=right)


def data_set_rows(readers: Sequence[Reader], folder: Path, size: int | None) -> list[Row]:
    """Accuracy on the test splits of the data sets that have a row and are in the data folder.

    `size` limits the number of digits. Readers of scaled images are not measured: what these data
    sets store is painted and preprocessed.
    """
    rows = []
    for data_set in (DATA_SETS[name] for name in DATA_SETS):
        if not (data_set.row and any(folder.glob(data_set.files))):
            continue
        samples = data_set.load(Split.TEST, folder, None, 0)
        if size is not None:
            samples = samples.where(np.arange(0, len(samples), max(1, len(samples) // size)))
        right = {
            reader.name: _accuracy(reader, samples)
            for reader in readers
            if reader.sees == "preprocessed"
        }
        rows.append(Row(name=data_set.row, setting="", pictures=len(samples), right=right))
    return rows


def nuisance_rows(
    readers: Sequence[Reader], records: Sequence[Record], seed: int, report: ReportProgress
) -> list[Row]:
    """Accuracy on all records, for each nuisance at random and at its hardest."""
    rows = []
    for name, setting in styles():
        report(f"{name}, {setting} …")
        samples = draw_samples(NuisanceRenderer(records, (name, setting)), len(records), seed)
        right = {reader.name: _accuracy(reader, samples.seen_as(reader.sees)) for reader in readers}
        rows.append(Row(name=name, setting=setting, pictures=len(records), right=right))
    return rows


def number_rows(
    recognizer: Recognizer, name: str, records: Sequence[Record], size: int, seed: int
) -> list[Row]:
    """Accuracy on `size` numbers of each length, apart and touching: all digits right.

    `name` is the reader's name.
    """
    rows = []
    for touching in (False, True):
        for length in NUMBER_LENGTHS:
            draw = NumberRenderer(records, length, touching)
            right = 0
            for index in range(size):
                label, picture = draw_one(draw, seed + length, index)
                right += _read_number(recognizer, picture) == str(label).zfill(length)
            setting = f"{length} digits"
            kind = "numbers, touching" if touching else "numbers"
            rows.append(Row(name=kind, setting=setting, pictures=size, right={name: right / size}))
        mean = float(np.mean([row.right[name] for row in rows[-len(NUMBER_LENGTHS) :]]))
        count = size * len(NUMBER_LENGTHS)
        rows.append(Row(name=kind, setting="2 to 6", pictures=count, right={name: mean}))
    return rows


def _read_number(recognizer: Recognizer, picture: Pixels) -> str:
    """The digits of the number, none if there is no ink."""
    try:
        return recognizer.read_number(picture).text
    except EmptyDrawing:
        return ""


def _accuracy(reader: Reader, samples: Samples) -> float:
    """Share of the samples that are read right; those without ink are not."""
    probabilities, _ = reader.read(samples.pixels)
    right = (probabilities.argmax(axis=1) == samples.labels) & samples.has_ink
    return float(right.mean())
