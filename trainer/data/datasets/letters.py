"""Handwritten letters and symbols (UNIPEN), as examples of non-digits.

The files are `strokes/letters-*.jsonl.gz` in the data folder, read by
`trainer.data.strokes.records`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.datasets import GATE_PARTS, data_set
from trainer.data.rendering.rendered import RecordRenderer, RenderedDataset, render_once
from trainer.data.samples import Samples, Split, repeated
from trainer.data.strokes.records import ATTRIBUTION, Record, read_gate, read_split

LOOK_ALIKES = frozenset("OoQDIil|!/'`,()ZzSsBqgbGA")
"""Characters that only size and position distinguish from digits; they are left out."""


@data_set("letters", ATTRIBUTION, files="strokes/letters-*.jsonl.gz")
def letters(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """The letters and symbols of the split's writers, without look-alikes, in random styles.

    Raises `TrainerError` if the files are missing or damaged.
    """
    records = letter_records(split, folder)
    order = repeated(len(records), size, np.random.default_rng(seed))
    return RenderedDataset(RecordRenderer.of(records, order), len(order), split, seed).samples()


@GATE_PARTS.register("letters")
def gate(folder: Path) -> Samples:
    """The letters and symbols of the gate's writers, without look-alikes, each rendered once."""
    return render_once(_without_look_alikes(read_gate(folder, "letters")))


def letter_records(split: Split, folder: Path) -> list[Record]:
    """The records of letters and symbols without look-alikes, in the order of the files."""
    return _without_look_alikes(read_split(folder, "letters", split))


def _without_look_alikes(records: list[Record]) -> list[Record]:
    return [record for record in records if record.label not in LOOK_ALIKES]
