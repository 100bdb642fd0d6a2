"""Inkling's own architecture: a small residual network that is fast on one core."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.models.architectures import architecture


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution and batch norm, which makes a bias redundant."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Residual(nn.Module):
    """Two convolutions with a shortcut connection (He et al. 2016)."""

    is_stage = True

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels), nn.ReLU(), conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


@architecture("inkling")
class Inkling(nn.Module):
    """28×28×20 → 14×14×40 → 7×7×80 → 4×4×160 → 11; each halving is a stride of 2."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv(1, 20),
            nn.ReLU(),
            conv(20, 40, stride=2),
            nn.ReLU(),
            Residual(40),
            conv(40, 80, stride=2),
            nn.ReLU(),
            Residual(80),
            conv(80, 160, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(160 * 4 * 4, 11),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
