"""Letters and symbols that people drew with a pen: what is not a digit.

Files are `strokes/letters-*.jsonl.gz` in the data folder; `records` reads them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.datasets import data_set
from trainer.data.rendering.rendered import Drawings, RenderedRecords
from trainer.data.samples import Samples, Split, repeated
from trainer.data.strokes.records import ATTRIBUTION, Record, read_split

LOOK_ALIKES = frozenset("OoQDIil|!/'`,()ZzSsBqgbGA")
"""Digits to the eye, once size and place no longer tell: nobody can hold a model to these."""


@data_set("letters", ATTRIBUTION, files="strokes/letters-*.jsonl.gz")
def letters(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """The letters and symbols of the split's writers, less the look-alikes, in random looks."""
    records = letter_records(split, folder)
    order = repeated(len(records), size, np.random.default_rng(seed))
    return Drawings(RenderedRecords(records, order), len(order), split, seed).samples()


def letter_records(split: Split, folder: Path) -> list[Record]:
    """The strokes of letters and symbols that are no look-alikes, in the order of the files."""
    records = read_split(folder, "letters", split)
    return [record for record in records if record.label not in LOOK_ALIKES]
