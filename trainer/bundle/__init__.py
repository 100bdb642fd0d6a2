"""A trained model as files: `model.onnx`, `weights.safetensors`, `card.json`. No pickle, no torch.

`card` says what is in a bundle, `store` reads and writes it, `recogniser` asks it.
"""

from trainer.bundle.card import Card, Evaluation, TrainingData
from trainer.bundle.recogniser import Reading, Recogniser
from trainer.bundle.store import PRETRAINED, Bundle, BundleError, read_bundle, write_bundle

__all__ = [
    "PRETRAINED",
    "Bundle",
    "BundleError",
    "Card",
    "Evaluation",
    "Reading",
    "Recogniser",
    "TrainingData",
    "read_bundle",
    "write_bundle",
]
