"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from trainer.architectures import ARCHITECTURES
from trainer.augment import Augmentation
from trainer.bundle.reading import DIGITS
from trainer.data import Samples
from trainer.errors import TrainerError

Precision = Literal["float32", "bfloat16"]
"""Of the forward pass and its gradients; weights and their averages are float32 always."""

_EVALUATION_BATCH = 1024
_WEAK = 0.3  # share of the augmentation's strength while the model settles


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, together with the data."""

    architecture: str = "inkling"
    epochs: int = 20
    batch_size: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    average_decay: float = 0.999
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    settling: float = 0.2  # share of the epochs, at the end, with weak augmentation
    precision: Precision = "float32"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class BatchResult:
    """After a step: the loss and accuracy so far in this epoch, and how far it has come."""

    epoch: int
    loss: float
    accuracy: float
    pictures: int


@dataclass(frozen=True, slots=True)
class EpochResult:
    """After an epoch: `loss` and `accuracy` are the training's own, under augmentation."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    pictures_per_second: float
    best: bool


Report = Callable[[BatchResult | EpochResult, nn.Module], None]


def build(architecture: str) -> nn.Module:
    """A new model with random weights, by the name of its architecture."""
    return ARCHITECTURES[architecture]()


def fit(
    train: Samples, validation: Samples, recipe: Recipe, device: torch.device, report: Report
) -> None:
    """Train, and hand `report` each step's and each epoch's result with the averaged model.

    What validation judges, and what is to be kept, is the exponential moving average of the weights
    (Polyak and Juditsky 1992), which needs no schedule of its own. Raises `TrainerError` where the
    architecture has no class for a label.
    """
    torch.manual_seed(recipe.seed)
    model = build(recipe.architecture).to(device).to(memory_format=torch.channels_last)
    _check_classes(model, train, device)
    averaged = AveragedModel(model, avg_fn=_moving_average(recipe.average_decay), use_buffers=True)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    steps = recipe.epochs * math.ceil(len(train) / recipe.batch_size)
    warm_up = 0.2 if steps != 5 else 0.25  # torch divides by warm_up * steps - 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps, pct_start=warm_up
    )
    augmentations = _augmentations(recipe)
    low_precision = recipe.precision == "bfloat16"
    pixels, labels = _to_device(train, device)
    best = -1.0

    for epoch, augment in enumerate(augmentations, 1):
        model.train()
        started = time.perf_counter()
        total_loss, correct, seen = 0.0, 0, 0
        for batch in _batches(len(train), recipe.batch_size, device):
            x, y = augment(_scale(pixels[batch])), labels[batch]

            with torch.autocast(device.type, torch.bfloat16, enabled=low_precision):
                logits = model(x)
            logits = logits.float()
            loss = F.cross_entropy(logits, y, label_smoothing=recipe.label_smoothing)

            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(model)

            seen += len(y)
            total_loss += loss.item() * len(y)
            correct += int((logits.argmax(1) == y).sum())
            report(BatchResult(epoch, total_loss / seen, correct / seen, seen), averaged.module)
        speed = seen / (time.perf_counter() - started)

        validation_loss, validation_accuracy = judge(averaged.module, validation, device)
        is_best = validation_accuracy > best
        best = max(best, validation_accuracy)
        report(
            EpochResult(
                epoch=epoch,
                loss=total_loss / seen,
                accuracy=correct / seen,
                validation_loss=validation_loss,
                validation_accuracy=validation_accuracy,
                pictures_per_second=speed,
                best=is_best,
            ),
            averaged.module,
        )


def _augmentations(recipe: Recipe) -> Sequence[Augmentation | nn.Identity]:
    """What changes the pictures in each epoch: strongly, then weakly.

    At the end the model settles on pictures as they are sent (He et al. 2019, Data Augmentation
    Revisited: Rethinking the Distribution Gap between Clean and Augmented Data).
    """
    if recipe.augmentation is None:
        return [nn.Identity()] * recipe.epochs
    weak = round(recipe.settling * recipe.epochs)
    strong = recipe.epochs - weak
    return [recipe.augmentation] * strong + [recipe.augmentation.weakened(_WEAK)] * weak


def _moving_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """How each weight and buffer follows: slowly, but faster over the first steps of all."""

    def follow(average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        if not average.is_floating_point():  # batch norm's count of batches
            return current
        return average.lerp(current, 1 - min(decay, (1 + int(steps)) / (10 + int(steps))))

    return follow


def _check_classes(model: nn.Module, train: Samples, device: torch.device) -> None:
    classes = predict_logits(model, train.where(np.arange(1)), device).shape[1]
    if int(train.labels.max()) >= classes:
        raise TrainerError(
            "this architecture has no class for what is not a digit; train it on digits alone"
        )


def judge(model: nn.Module, digits: Samples, device: torch.device) -> tuple[float, float]:
    """Mean cross-entropy and accuracy, among the ten digits, of a model on digits it never saw."""
    logits = predict_logits(model, digits, device)[:, :DIGITS]
    labels = torch.from_numpy(digits.labels)
    accuracy = (logits.argmax(1) == labels).float().mean()
    return float(F.cross_entropy(logits, labels)), float(accuracy)


@torch.inference_mode()
def predict_logits(model: nn.Module, samples: Samples, device: torch.device) -> Tensor:
    """Logits of prepared pictures, float32 [n, 10 or 11] on the CPU, with dropout off."""
    model.eval()
    pixels, _ = _to_device(samples, device)
    return torch.cat([model(_scale(part)).cpu() for part in pixels.split(_EVALUATION_BATCH)])


def _to_device(samples: Samples, device: torch.device) -> tuple[Tensor, Tensor]:
    """The whole set as one tensor: uint8 [n, 1, 28, 28], and its labels."""
    pixels = torch.from_numpy(samples.pixels).unsqueeze(1)
    return pixels.to(device), torch.from_numpy(samples.labels).to(device)


def _scale(pixels: Tensor) -> Tensor:
    return pixels.float() / 255


def _batches(count: int, size: int, device: torch.device) -> Iterator[Tensor]:
    """Each picture's index once, in random order."""
    yield from torch.randperm(count).to(device).split(size)
