"""The readers that the benchmark compares: a bundle, and a LeNet-5 trained as in tutorials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from trainer.data.datasets.mnist import stored
from trainer.data.samples import Samples
from trainer.evaluation.metrics import all_logits
from trainer.progress import ReportProgress
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.prediction import digit_probabilities, digit_score, softmax
from trainer.recognition.recognizer import Recognizer
from trainer.training.recipe import Recipe

EPOCHS = 20
VALIDATION = 5_000
"""Images of MNIST's training set that select the best epoch of the tutorials' model."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A classifier of 28×28 pixels."""

    name: str
    sees: Literal["preprocessed", "scaled"]
    """The images that it takes: by `preprocess`, or by `scale_down` as in tutorials."""
    read: Callable[[Pixels], tuple[Floats, Floats]]
    """Pixels, uint8 [n, 28, 28], to probabilities, float64 [n, 10], and digit scores [n]."""
    threshold: float
    """Samples with a digit score below it are rejected."""


def bundle_reader(name: str, recognizer: Recognizer) -> Reader:
    """A bundle, used as the API does."""

    def read(pixels: Pixels) -> tuple[Floats, Floats]:
        logits = all_logits(recognizer, pixels)
        return digit_probabilities(logits, recognizer.card.temperature), digit_score(logits)

    return Reader(name, "preprocessed", read, recognizer.card.rejection_threshold)


def tutorial_readers(folder: Path, seed: int, report: ReportProgress) -> list[Reader]:
    """A LeNet-5 trained with the tutorials' recipe, once on preprocessed and once on scaled images.

    It is trained on unprocessed MNIST (55,000 images, and 5,000 to select the best of 20 epochs)
    with Adam, batches of 100 and cross-entropy. The digit score is the highest probability, as the
    network has no class for non-digits. MNIST is downloaded to `folder`, the data folder, if it is
    missing.
    """
    read = _train_lenet5(folder, seed, report)
    return [
        Reader("LeNet-5, centered", "preprocessed", read, 0.0),
        Reader("LeNet-5, scaled", "scaled", read, 0.0),
    ]


def _train_lenet5(
    folder: Path, seed: int, report: ReportProgress
) -> Callable[[Pixels], tuple[Floats, Floats]]:
    """Train by the tutorials' recipe; the result gives probabilities and the highest one."""
    import torch

    from trainer.training.callbacks import BestWeights, Callback
    from trainer.training.checkpoint import TrainingState
    from trainer.training.metrics import EpochResult
    from trainer.training.train import train_model
    from trainer.training.validation import predict_logits

    class ReportEpochs(Callback):
        def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:  # noqa: ARG002
            accuracy = result.validation_accuracy
            report(f"LeNet-5: epoch {result.epoch} of {EPOCHS}, validation accuracy {accuracy:.2%}")

    samples = Samples(*stored(folder, is_test=False))
    order = np.random.default_rng(seed).permutation(len(samples))
    train, validation = samples.where(order[VALIDATION:]), samples.where(order[:VALIDATION])
    cpu, best = torch.device("cpu"), BestWeights()
    state = train_model(_tutorial_recipe(seed), train, validation, cpu, [best, ReportEpochs()])
    model = state.model
    model.load_state_dict(best.weights)

    def read(pixels: Pixels) -> tuple[Floats, Floats]:
        unlabeled = Samples(pixels, np.zeros(len(pixels), np.int64))
        logits = predict_logits(model, unlabeled, cpu).numpy()
        probabilities = softmax(logits.astype(np.float64))
        return probabilities, probabilities.max(axis=1)

    return read


def _tutorial_recipe(seed: int) -> Recipe:
    return Recipe(
        architecture="lenet5",
        epochs=EPOCHS,
        batch_size=100,
        label_smoothing=0.0,
        optimizer="adam",
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="constant",
        ema_decay=0.0,
        augmentation=None,
        seed=seed,
    )
