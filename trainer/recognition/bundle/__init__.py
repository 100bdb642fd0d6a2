"""Bundles: a trained model as files, without pickle.

A bundle is a folder of `model.onnx`, `weights.safetensors` and `card.json`. `card` defines the
card, `store` reads and writes bundles.
"""

from trainer.recognition.bundle.card import (
    Card,
    Epoch,
    Evaluation,
    NumberCalibration,
    NumberReliability,
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
    write_bundle_files,
)

__all__ = [
    "PRETRAINED",
    "Bundle",
    "BundleError",
    "Card",
    "Epoch",
    "Evaluation",
    "NumberCalibration",
    "NumberReliability",
    "Rejection",
    "ReliabilityBin",
    "TrainingData",
    "WrongAnswer",
    "copy_bundle",
    "read_bundle",
    "read_weights",
    "write_bundle",
    "write_bundle_files",
]
