"""The card of a model: what it is, how it was trained, and how it performs."""

from __future__ import annotations

import msgspec


class TrainingData(msgspec.Struct, frozen=True, kw_only=True):
    """One data set that the model was trained on."""

    source: str
    """The data set, `NAME` or `NAME:SIZE`."""
    parts: list[str]
    """The splits that were used."""
    pictures: int
    sha256: str
    """Hash of pixels and labels."""


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True):
    """One bin of the reliability diagram: predictions of similar confidence."""

    pictures: int
    confidence: float
    """Mean confidence, 0..1."""
    accuracy: float
    """Share of correct predictions, 0..1."""


class WrongAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An image that was misclassified."""

    where: str
    """Its file, or data set, split and index."""
    truth: int
    answer: int
    """The predicted digit."""
    confidence: float
    """Probability of the predicted digit, 0..1."""
    seen: str
    """The 28×28 pixels that the model was given, as a PNG data URL."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics on the digits of one split of a data set, measured through ONNX Runtime."""

    data: str
    """The data set."""
    split: str
    pictures: int
    """Number of digits."""
    sha256: str
    """Hash of pixels and labels."""
    accuracy: float
    """Share of correct predictions, 0..1."""
    per_class: list[float]
    """Recall of each digit, 0 to 9; 0 for digits that the set does not contain."""
    confusion: list[list[int]]
    """Confusion matrix, [10][10]: rows are the truth, columns the prediction."""
    calibration_error: float
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017)."""
    rejected: float
    """Share of the digits that are rejected, as their digit score is below the threshold."""
    reliability: list[ReliabilityBin]
    """The reliability diagram in the same bins, without empty ones."""
    wrong: list[WrongAnswer]
    """The most confident errors, in descending order of confidence; not all of them."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """How many images of a data set without digits are rejected."""

    data: str
    """The data set."""
    split: str
    pictures: int
    sha256: str
    """Hash of pixels and labels."""
    rejected: float
    """Share with a digit score below the card's threshold, or without ink, 0..1."""


class NumberReliability(msgspec.Struct, frozen=True, kw_only=True):
    """How well the confidence of numbers of one kind is calibrated, by validation writers."""

    kind: str
    """Such as `apart` or `touching`."""
    pictures: int
    accuracy: float
    """Share of the numbers whose digits are all right, 0..1."""
    confidence: float
    """Mean confidence, 0..1."""
    calibration_error: float
    """Expected calibration error in 15 bins of equal width."""
    silent: float
    """Share that is read with a confidence of at least 98 % and without naming unread ink, 0..1."""
    reliability: list[ReliabilityBin]


class NumberCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """The logistic model of the confidence of numbers, fitted to numbers by validation writers."""

    weights: dict[str, float]
    """Of each feature of `segmentation.confidence.Doubts`, by its name, and `bias`."""
    command: str
    """The command line that fitted it."""
    measured: list[NumberReliability]
    """On other numbers by the same writers."""


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of one epoch."""

    epoch: int
    """Counted from 1."""
    loss: float
    """Mean of the loss that was minimized, under augmentation: the recipe's, over all classes, with
    label smoothing and distillation where it has them. Not comparable with `validation_loss`."""
    accuracy: float
    """Training accuracy, under augmentation, 0..1."""
    validation_loss: float
    """Mean cross-entropy over the ten digits."""
    validation_accuracy: float
    best: bool
    """Whether it is the best so far on validation."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `card.json`. A model's name is that of its folder, and not in the card."""

    architecture: str
    parameters: int
    """Number of parameters."""
    labels: list[str]
    """Names of the classes, in the order of the logits."""
    preprocessing: int
    """`preprocess.VERSION` at training."""
    temperature: float
    """The logits of the digits are divided by it before the softmax (Guo et al. 2017)."""
    rejection_threshold: float
    """An image with a digit score below it is rejected as not a digit, 0..1."""
    command: str
    """The command line of the training."""
    seed: int
    recipe: dict[str, object]
    """The hyperparameters."""
    data: list[TrainingData]
    attribution: list[str]
    """Sources of the training data that have to be named."""
    calibrated_on: str
    """The data sets on which temperature and threshold were fitted."""
    history: list[Epoch]
    exported_epoch: int | None = None
    """The epoch whose weights the bundle has; None in bundles that did not record it."""
    evaluations: list[Evaluation]
    rejections: list[Rejection]
    onnx_difference: float
    """Largest absolute difference in probability between torch and ONNX Runtime on real images."""
    code_version: str
    created: str
    """Time of export, ISO 8601 in UTC."""
    sha256: dict[str, str]
    """Hash of each other file of the bundle, by its name."""
    int8_loss: float | None = None
    """Share of the validation digits that int8 costs, 0..1; below 0 where it reads more. None for a
    graph of floats."""
    rejected_unseen: dict[str, float] = {}
    """Share of the validation digits of each data set that are rejected by a threshold that was
    chosen on the others, 0..1; empty if there is one."""
    numbers: NumberCalibration | None = None
    """The calibration of numbers; without it, their confidence is estimated from their digits'."""

    @property
    def version(self) -> str:
        """Identifies the weights: the first 12 hexadecimal digits of the hash of `model.onnx`."""
        return self.sha256["model.onnx"][:12]
