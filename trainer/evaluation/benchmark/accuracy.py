"""The accuracy of readers on MNIST, on each nuisance, and on numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.datasets import DATA_SETS
from trainer.data.datasets.mnist import stored
from trainer.data.rendering.rendered_numbers import NumberRenderer
from trainer.data.samples import Samples, Split
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import styles
from trainer.evaluation.benchmark.readers import Reader
from trainer.evaluation.benchmark.rendered_samples import (
    NuisanceRenderer,
    draw_one,
    draw_samples,
    evenly_spaced,
)
from trainer.evaluation.benchmark.results import Row
from trainer.evaluation.bootstrap import by_writer, interval
from trainer.progress import ReportProgress
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.preprocess import EmptyDrawing, preprocess
from trainer.recognition.recognizer import Recognizer

NUMBER_LENGTHS = range(2, 7)
"""Numbers of digits in the numbers that are measured."""


def reader_row(
    name: str, setting: str, readers: Sequence[Reader], seen: Mapping[str, Samples]
) -> Row:
    """A row of the same samples as readers see them, by `Reader.sees`, with writers where known.

    It leaves out readers for which there are none; the first reader is never left out. Samples
    without ink count as not read.
    """
    right, accepted = {}, {}
    sums = np.zeros((0, 2))
    for reader in readers:
        samples = seen.get(reader.sees)
        if samples is None:
            continue
        probabilities, scores = reader.read(samples.pixels)
        hits = (probabilities.argmax(axis=1) == samples.labels) & samples.has_ink
        right[reader.name] = float(hits.mean())
        accepted[reader.name] = float((hits & (scores >= reader.threshold)).mean())
        if reader is readers[0]:
            sums = _sums_by_writer(hits, samples)
    return Row(
        name=name,
        setting=setting,
        pictures=len(next(iter(seen.values()))),
        right=right,
        accepted=accepted,
        writers=len(sums),
        interval=interval(sums),
        worst_writer=float((sums[:, 0] / sums[:, 1]).min()) if len(sums) else None,
    )


def mnist_row(readers: Sequence[Reader], folder: Path) -> Row:
    """Accuracy on MNIST's test set, which readers of scaled images see unchanged.

    `folder` is the data folder; MNIST is downloaded if it is missing.
    """
    raw, labels = stored(folder, is_test=True)
    preprocessed = np.stack([preprocess(picture).pixels for picture in raw])
    seen = {"preprocessed": Samples(preprocessed, labels), "scaled": Samples(raw, labels)}
    return reader_row("MNIST test", "", readers, seen)


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
        samples = samples.where(evenly_spaced(len(samples), size))
        rows.append(reader_row(data_set.row, "", readers, {"preprocessed": samples}))
    return rows


def nuisance_rows(
    readers: Sequence[Reader], records: Sequence[Record], seed: int, report: ReportProgress
) -> list[Row]:
    """Accuracy on all records, for each nuisance at random and at its hardest."""
    writers = [record.writer for record in records]
    rows = []
    for name, setting in styles():
        report(f"{name}, {setting} …")
        drawn = draw_samples(NuisanceRenderer(records, (name, setting)), len(records), seed)
        seen = {
            kind: drawn.seen_as(kind).written_by(writers) for kind in ("preprocessed", "scaled")
        }
        rows.append(reader_row(name, setting, readers, seen))
    return rows


def number_rows(
    recognizer: Recognizer, name: str, records: Sequence[Record], size: int, seed: int
) -> list[Row]:
    """Accuracy on `size` numbers of each length, apart and touching: all digits right.

    `name` is the reader's name.
    """
    rows = []
    for touching in (False, True):
        of_kind = []
        for length in NUMBER_LENGTHS:
            draw = NumberRenderer(records, length, touching)
            right, accepted = 0, 0
            for index in range(size):
                label, picture = draw_one(draw, seed + length, index)
                read = _read_number(recognizer, picture)
                is_right = read is not None and read.text == str(label).zfill(length)
                right += is_right
                accepted += is_right and read is not None and read.is_number
            of_kind.append((f"{length} digits", size, right, accepted))
        counts = [sum(count) for count in list(zip(*of_kind, strict=True))[1:]]
        for setting, count, right, accepted in [*of_kind, ("2 to 6", *counts)]:
            rows.append(
                Row(
                    name="numbers, touching" if touching else "numbers",
                    setting=setting,
                    pictures=count,
                    right={name: right / count},
                    accepted={name: accepted / count},
                )
            )
    return rows


def _read_number(recognizer: Recognizer, picture: Pixels) -> NumberPrediction | None:
    """The number that is read, None if there is no ink."""
    try:
        return recognizer.read_number(picture)
    except EmptyDrawing:
        return None


def _sums_by_writer(hits: NDArray[np.bool_], samples: Samples) -> Floats:
    """Hits and samples of each writer: float64 [writers, 2]; without rows if they are unknown."""
    if samples.writers is None:
        return np.zeros((0, 2))
    return by_writer(hits[:, None].astype(np.float64), samples.writers)
