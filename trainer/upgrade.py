"""Upgrades a bundle of an earlier release to the current format, without retraining."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from trainer.errors import TrainerError
from trainer.onnx_graph import prepend_scaling, takes_pixels
from trainer.recognition.bundle import Bundle, read_weights, write_bundle
from trainer.recognition.prediction import softmax
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer

_IMAGES = 64
LARGEST_DIFFERENCE = 1e-6
"""Largest change in any probability; above this, no bundle is written."""


def upgrade(bundle: Bundle, folder: Path) -> Bundle | None:
    """Write a bundle whose graph takes uint8 pixels and scales them itself.

    Weights and card stay as they are, except for the hashes, so the version changes. Returns None,
    and writes nothing, if the graph takes pixels already. Raises `TrainerError` if probabilities
    would change.
    """
    model = onnx.load_from_string(bundle.model)
    if takes_pixels(model):
        return None
    weights = read_weights(bundle)
    prepend_scaling(model)
    graph = model.SerializeToString(deterministic=True)
    noise = np.random.default_rng(0).integers(256, size=(_IMAGES, SIDE, SIDE), dtype=np.uint8)
    before, after = (
        softmax(Recognizer(each).logits(noise))
        for each in (bundle, Bundle(folder, bundle.card, graph))
    )
    difference = float(np.abs(before - after).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainerError(
            f"a probability would change by {difference:.1e} "
            f"(at most {LARGEST_DIFFERENCE:.0e}); nothing was written"
        )
    return write_bundle(folder, bundle.card, graph, weights)
