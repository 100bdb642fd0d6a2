"""Logits and validation metrics of a model in torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.data.samples import Samples
from trainer.models.pixels import scale_pixels
from trainer.recognition.labels import DIGITS
from trainer.training.batches import to_device

_BATCH = 1024


def validation_metrics(
    model: nn.Module, digits: Samples, device: torch.device, *, evaluation_mode: bool = True
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0..1) over the logits of the ten digits.

    Leaves the model in the mode in which it was validated.
    """
    model.train(not evaluation_mode)
    logits = _logits(model, digits, device)[:, :DIGITS]
    labels = torch.from_numpy(digits.labels)
    accuracy = (logits.argmax(1) == labels).float().mean()
    return float(F.cross_entropy(logits, labels)), float(accuracy)


def predict_logits(model: nn.Module, samples: Samples, device: torch.device) -> Tensor:
    """The logits of samples: float32 [n, 10 or 11], on the CPU.

    Puts the model into evaluation mode and leaves it there.
    """
    model.eval()
    return _logits(model, samples, device)


@torch.inference_mode()
def _logits(model: nn.Module, samples: Samples, device: torch.device) -> Tensor:
    pixels, _ = to_device(samples, device)
    return torch.cat([model(scale_pixels(part)).cpu() for part in pixels.split(_BATCH)])
