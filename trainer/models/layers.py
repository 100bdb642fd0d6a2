"""Layers that several networks are built of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Size2d = int | tuple[int, int]
"""Of both axes, or of (height, width)."""


def conv(inputs: int, outputs: int, kernel: Size2d = 3, stride: Size2d = 1) -> nn.Sequential:
    """Convolution, with half of an odd kernel as padding, and batch norm, which replaces a bias."""
    height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    padding = (height // 2, width // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Residual(nn.Module):
    """Two convolutions with a shortcut connection (He et al. 2016)."""

    is_stage = True

    def __init__(self, channels: int, kernel: Size2d = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(channels, channels, kernel), nn.ReLU(), conv(channels, channels, kernel)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))
