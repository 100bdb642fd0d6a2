"""The card of a model: what it is, how it was made, and what was measured."""

from __future__ import annotations

import msgspec


class TrainingData(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what the model was trained on, and the hash of its pixels and labels."""

    source: str
    parts: list[str]
    pictures: int
    sha256: str


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of about the same confidence: its mean, and how many of them were right."""

    pictures: int
    confidence: float
    accuracy: float


class WrongAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that was read wrongly."""

    where: str
    """Its file, or the data set, the part and the picture's index in it."""
    truth: int
    answer: int
    confidence: float
    seen: str
    """The 28×28 that the model saw, as the data URL of a PNG."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on one part of one data set, through ONNX Runtime."""

    data: str
    split: str
    pictures: int
    sha256: str
    accuracy: float
    per_class: list[float]
    """Recall of each digit, 0 to 9; 0 where the set has none of it."""
    confusion: list[list[int]]
    """Row: the truth, column: the answer."""
    calibration_error: float
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017)."""
    rejected: float
    """Share of these true digits whose digit score is below the card's threshold."""
    reliability: list[ReliabilityBin]
    """The reliability diagram in the same bins, those without pictures left out."""
    wrong: list[WrongAnswer]
    """The wrong answers that it was surest of, the surest first; not all of them."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures of a data set that holds no digits were told apart from digits."""

    data: str
    split: str
    pictures: int
    sha256: str
    rejected: float
    """Share with a digit score below the card's threshold, or no ink to read."""


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """What one epoch measured. `loss` and `accuracy` are the training's own, under augmentation."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    best: bool
    """Better than all before it on validation; the last such epoch is the one in the bundle."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a bundle says of itself, as `card.json`. Its name is its folder's."""

    architecture: str
    parameters: int
    labels: list[str]
    preprocessing: int
    temperature: float
    """The digits' logits are divided by it before the softmax (Guo et al. 2017)."""
    rejection_threshold: float
    """A digit score below it means: not a digit."""
    command: str
    seed: int
    recipe: dict[str, object]
    data: list[TrainingData]
    attribution: list[str]
    calibrated_on: str
    history: list[Epoch]
    evaluations: list[Evaluation]
    rejections: list[Rejection]
    onnx_difference: float
    """Largest difference in any probability between torch and ONNX Runtime on real pictures."""
    code_version: str
    created: str
    sha256: dict[str, str]
    """Of each other file of the bundle."""

    @property
    def version(self) -> str:
        """Names these very weights: the first 12 hexadecimal digits of the model's hash."""
        return self.sha256["model.onnx"][:12]
