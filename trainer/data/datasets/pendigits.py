"""The test part of pendigits: pen strokes by 14 people of whom nothing is trained on.

The training part is among the records of `strokes`. The file, `uci/pendigits-orig.tes` in the data
folder, is fetched with it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.bitmaps import read_text
from trainer.data.datasets import data_set
from trainer.data.rendering.rendered import RecordRenderer, RenderedDataset
from trainer.data.samples import Samples, Split, repeated
from trainer.data.strokes.pendigits import TEST_FILE, parse_pendigits
from trainer.errors import TrainerError


@data_set(
    "pendigits",
    "Pen-Based Recognition of Handwritten Digits: E. Alpaydin, F. Alimoglu, UCI, CC BY 4.0",
    files=TEST_FILE,
    row="pendigits test (14 new writers)",
    test_only=True,
)
def pendigits(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """3,498 digits with their writers, each in a random style, like the test split of `strokes`.

    Raises `TrainerError` if the file is missing or damaged.
    """
    file = folder / TEST_FILE
    records = parse_pendigits(read_text(file, "pendigits", "latin-1"))
    if not records:
        raise TrainerError(f"{file}: not pendigits: it has no digits")
    order = np.arange(len(records))
    if size is not None:
        order = repeated(len(records), size, np.random.default_rng(seed))
    samples = RenderedDataset(RecordRenderer(records, order), len(order), split).samples()
    return samples.written_by([records[index].writer for index in order])
