"""A trained model as files: `model.onnx`, `weights.safetensors`, `card.json`. No pickle, no torch.

`card` says what is in a bundle, `store` reads and writes it, `recogniser` asks it,
`reading` and `number` are its answers, `occlusion` says which ink they come from.
"""

from trainer.bundle.card import (
    Card,
    Epoch,
    Evaluation,
    Rejection,
    ReliabilityBin,
    TrainingData,
    WrongAnswer,
)
from trainer.bundle.number import NumberReading
from trainer.bundle.occlusion import occlusion_map
from trainer.bundle.reading import Reading
from trainer.bundle.recogniser import Recogniser
from trainer.bundle.store import (
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
    "NumberReading",
    "Reading",
    "Recogniser",
    "Rejection",
    "ReliabilityBin",
    "TrainingData",
    "WrongAnswer",
    "copy_bundle",
    "occlusion_map",
    "read_bundle",
    "read_weights",
    "write_bundle",
]
