"""Multilayer perceptrons (Rumelhart, Hinton, Williams 1986) as the tutorials build them."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from trainer.models.architectures import architecture
from trainer.recognition.labels import DIGITS

INPUTS = 28 * 28


def dense_layers(*hidden: int, dropout: float = 0.0) -> nn.Sequential:
    """784 → each of these widths, with ReLU, and with dropout unless that is 0 → 10."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise((INPUTS, *hidden)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(hidden[-1], DIGITS))


@architecture("mlp")
class MLP(nn.Module):
    """784 → 256 → 10, by default without dropout."""

    def __init__(self, hidden: int = 256, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = dense_layers(hidden, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@architecture("mlp-deep")
class DeepMLP(nn.Module):
    """784 → 512 → 256 → 256 → 128 → 64 → 10. The softmax is part of the loss, not of the model."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = dense_layers(512, 256, 256, 128, 64)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
