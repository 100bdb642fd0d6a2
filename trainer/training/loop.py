"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.data.samples import Samples
from trainer.errors import TrainerError
from trainer.recognition.prediction import DIGITS
from trainer.training.checkpoint import State
from trainer.training.distributed import ALONE, Peers
from trainer.training.losses import LOSSES, forgetting
from trainer.training.recipe import Recipe, Weights, augmentations, load_model

_EVALUATION_BATCH = 1024


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
    learning_rate: float
    pictures_per_second: float
    best: bool


Report = Callable[[BatchResult | EpochResult, State], None]


def fit(
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    device: torch.device,
    report: Report,
    *,
    checkpoint: Path | None = None,
    start: Weights | None = None,
    peers: Peers = ALONE,
) -> None:
    """Train, and hand `report` each step's and each epoch's result with the state.

    What validation judges, and what is to be kept, is the exponential moving average of the weights
    where the recipe has one (Polyak and Juditsky 1992). From a checkpoint it goes on as if it had
    never stopped. It begins with the weights of `start`, where there are any, and then holds on to
    what they answered as far as the recipe says. Raises `TrainerError` where the architecture has
    no class for a label, or checkpoint or start do not fit.
    """
    share = len(train) // peers.count
    batch_size = math.ceil(recipe.batch_size / peers.count)
    steps = recipe.epochs * math.ceil(share / batch_size)
    state = State.new(recipe, steps, device, start)
    old_model = load_model(recipe, start).to(device).eval() if start and recipe.remember else None
    _check_classes(state.model, train, device)
    if checkpoint:
        state.restore(checkpoint)
    if not peers.leads:
        torch.manual_seed(recipe.seed + peers.rank)  # each process augments in its own way
    forward = peers.wrap(state.model, device)
    compute_loss = LOSSES[recipe.loss]
    pixels, labels = _to_device(train, device)
    low_precision = recipe.precision == "bfloat16"

    for epoch, augment in enumerate(augmentations(recipe), 1):
        if epoch <= state.epoch:
            continue
        if recipe.patience and state.epochs_since_best >= recipe.patience:
            break
        state.model.train()
        started = time.perf_counter()
        so_far = torch.zeros(3, dtype=torch.float64)  # loss, right answers, pictures
        order = peers.share(torch.randperm(len(train), device=device))
        for batch in order.split(batch_size):
            x, y = augment(_scale(pixels[batch])), labels[batch]

            with torch.autocast(device.type, torch.bfloat16, enabled=low_precision):
                logits = forward(x)
            loss = compute_loss(logits.float(), y, recipe.label_smoothing)
            if old_model:
                with torch.no_grad():
                    old_logits = old_model(x)
                loss = loss + recipe.remember * forgetting(logits.float(), old_logits, y)

            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            state.step()

            right = int((logits.argmax(1) == y).sum())
            so_far += torch.tensor([loss.item() * len(y), right, len(y)], dtype=torch.float64)
            report(BatchResult(epoch, *_means(so_far), int(so_far[2]) * peers.count), state)
        so_far = peers.total(so_far)
        seconds = time.perf_counter() - started

        judged = peers.from_leader(lambda: judge(state.answering, validation, device))
        best = state.judged(judged[1])
        rate = state.optimizer.param_groups[0]["lr"]
        speed = float(so_far[2]) / seconds
        report(EpochResult(epoch, *_means(so_far), *judged, rate, speed, best), state)


def _means(so_far: Tensor) -> tuple[float, float]:
    loss, right, pictures = so_far.tolist()
    return loss / pictures, right / pictures


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
