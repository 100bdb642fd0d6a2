"""Handwritten digits stored as pen strokes (UNIPEN, pendigits), rendered in random styles.

The files are `strokes/digits-*.jsonl.gz` in the data folder, read by
`trainer.data.strokes.records`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.datasets import GATE_PARTS, data_set
from trainer.data.rendering.rendered import RecordRenderer, RenderedDataset, render_once
from trainer.data.samples import Samples, Split, repeated
from trainer.data.strokes.records import ATTRIBUTION, read_gate, read_split

VALIDATION_RENDERINGS = 4
"""Renderings of each validation digit, in different styles, since validation writers are few."""

AUGMENTED_SHARE = 0.5
"""Share of the training split to which stroke augmentation is applied."""


@data_set("strokes", ATTRIBUTION, files="strokes/digits-*.jsonl.gz")
def strokes(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """The digits of the split's writers, each rendered in a random style.

    If `size` exceeds the number of records, they are rendered again in other styles. Half of the
    training split gets stroke augmentation. Validation and test splits do not depend on the seed.
    Raises `TrainerError` if the files are missing or damaged.
    """
    return rendered_strokes(split, folder, size, seed).samples()


@GATE_PARTS.register("strokes")
def gate(folder: Path) -> Samples:
    """The digits of the gate's writers, each rendered once in a random style."""
    return render_once(read_gate(folder, "digits"))


def rendered_strokes(
    split: Split,
    folder: Path,
    size: int | None,
    seed: int,
    augmented_share: float = AUGMENTED_SHARE,
) -> RenderedDataset:
    """The same as `strokes`, rendered on demand.

    `augmented_share`, 0..1, applies to the training split only.
    """
    records = read_split(folder, "digits", split)
    if size is None and split is Split.VALIDATION:
        size = VALIDATION_RENDERINGS * len(records)
    order = repeated(len(records), size, np.random.default_rng(seed))
    draw = RecordRenderer.of(records, order, augmented_share if split is Split.TRAIN else 0.0)
    return RenderedDataset(draw, len(order), split, seed)
