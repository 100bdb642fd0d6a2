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
    BUNDLE_FILES,
    CARD_FILE,
    PRETRAINED,
    Bundle,
    BundleError,
    check_bundle,
    check_card,
    copy_bundle,
    must_be_free,
    read_bundle,
    read_bundle_files,
    read_weights,
    write_bundle,
    write_bundle_files,
)

__all__ = [
    "BUNDLE_FILES",
    "CARD_FILE",
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
    "check_bundle",
    "check_card",
    "copy_bundle",
    "must_be_free",
    "read_bundle",
    "read_bundle_files",
    "read_weights",
    "write_bundle",
    "write_bundle_files",
]
