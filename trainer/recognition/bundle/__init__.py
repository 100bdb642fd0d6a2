"""A trained model as files: `model.onnx`, `weights.safetensors`, `card.json`. No pickle, no torch.

`card` says what is in a bundle, `store` reads and writes it.
"""

from trainer.recognition.bundle.card import (
    Card,
    Epoch,
    Evaluation,
    Rejection,
    ReliabilityBin,
    TrainingData,
    WrongAnswer,
)
from trainer.recognition.bundle.store import (
    PRETRAINED,
    Bundle,
    BundleError,
    copy_bundle,
    read_bundle,
    read_weights,
    write_bundle,
)

__all__ = [
    "PRETRAINED",
    "Bundle",
    "BundleError",
    "Card",
    "Epoch",
    "Evaluation",
    "Rejection",
    "ReliabilityBin",
    "TrainingData",
    "WrongAnswer",
    "copy_bundle",
    "read_bundle",
    "read_weights",
    "write_bundle",
]
