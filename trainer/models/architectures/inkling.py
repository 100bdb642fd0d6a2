"""Inkling's own architecture: a small residual network that is fast on one core."""

from __future__ import annotations

from torch import Tensor, nn

from trainer.models.architectures import architecture
from trainer.models.layers import Residual, conv


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
