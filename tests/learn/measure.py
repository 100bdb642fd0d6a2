"""`python -m tests.learn.measure`: measures what chapters 3 and 5 say of the shipped models.

Writes `docs/learn/models.json`. It looks at test splits, for the report alone: nothing is chosen by
it.
"""

from __future__ import annotations

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from tests.learn.text import DOCS
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.data.strokes.records import read_split
from trainer.evaluation.bootstrap import by_writer, interval
from trainer.evaluation.metrics import all_logits
from trainer.evaluation.wilson import wilson_interval
from trainer.paths import data_folder
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.prediction import digit_probabilities, digit_score
from trainer.recognition.recognizer import Recognizer
from webapp.pages.learn_still import Threshold

FILE = DOCS / "models.json"

_THRESHOLDS = (0.05, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


class Share(msgspec.Struct, frozen=True):
    """A share of test samples, and its 95 % interval, each 0..1."""

    value: float
    low: float
    high: float


class ModelMeasurements(msgspec.Struct, frozen=True):
    """What was measured, by which command."""

    command: str
    mnist: dict[str, Share]
    """By model. The interval is Wilson's, as if each picture were of another writer."""
    strokes: dict[str, Share]
    """By model. Writers are resampled, not drawings."""
    pictures: int
    """Drawings of `strokes`."""
    writers: int
    thresholds: list[Threshold]
    """Of the default model."""


def read_measurements() -> ModelMeasurements:
    """What the command has written."""
    return msgspec.json.decode(FILE.read_bytes(), type=ModelMeasurements)


def wilson(right: int, count: int) -> Share:
    """The share `right` of `count` with Wilson's interval."""
    return Share(right / count, *wilson_interval(right, count))


def hits(recognizer: Recognizer, samples: Samples) -> NDArray[np.bool_]:
    """Whether each sample is read right, bool [n]."""
    logits = all_logits(recognizer, samples.pixels)
    read = digit_probabilities(logits, recognizer.card.temperature).argmax(axis=1)
    return (read == samples.labels) & samples.has_ink


def by_writers(right: NDArray[np.bool_], samples: Samples) -> Share:
    """The share of hits with its interval by writer."""
    sums = by_writer(right.astype(float)[:, None], samples.writers)
    low, high = interval(sums) or (0.0, 1.0)
    return Share(float(right.mean()), low, high)


def thresholds(recognizer: Recognizer, digits: Samples, others: Samples) -> list[Threshold]:
    """What each threshold rejects of both, and the shipped one."""
    scores = [digit_score(all_logits(recognizer, each.pixels)) for each in (digits, others)]
    return [
        Threshold(each, *(float((score < each).mean()) for score in scores))
        for each in sorted((*_THRESHOLDS, round(recognizer.card.rejection_threshold, 4)))
    ]


@click.command()
def main() -> None:
    """Measure the shipped models, and write docs/learn/models.json."""
    mnist, strokes, letters = (
        Source.parse(name).load(Split.TEST) for name in ("mnist", "strokes", "letters")
    )
    records = read_split(data_folder(), "digits", Split.TEST)
    strokes = strokes.written_by([record.writer for record in records])
    names = sorted(folder.name for folder in PRETRAINED.iterdir())
    models = {name: Recognizer(read_bundle(PRETRAINED / name)) for name in names}
    found = ModelMeasurements(
        command="python -m tests.learn.measure",
        mnist={
            name: wilson(int(hits(each, mnist).sum()), len(mnist)) for name, each in models.items()
        },
        strokes={name: by_writers(hits(each, strokes), strokes) for name, each in models.items()},
        pictures=len(strokes),
        writers=len(np.unique(strokes.writers)),
        thresholds=thresholds(models["inkling"], strokes, letters),
    )
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


if __name__ == "__main__":
    main()
