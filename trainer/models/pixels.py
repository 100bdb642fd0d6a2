"""Scales and standardizes pixels before the first layer."""

from __future__ import annotations

from torch import Tensor, nn

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
"""Mean and standard deviation of the pixels of MNIST's training set, scaled to 0..1."""


def scale_pixels(pixels: Tensor) -> Tensor:
    """Scale pixels from uint8 0..255 to float32 0..1; any shape.

    `trainer.onnx_graph.prepend_scaling` puts the same operations into exported graphs.
    """
    return pixels.float() / 255


class Normalize(nn.Module):
    """Standardize pixels: float32 in 0..1 to MNIST's mean of 0 and standard deviation of 1."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - MNIST_MEAN) / MNIST_STD
