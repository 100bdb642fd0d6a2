"""The network of the row reader: from the image of a row to a class for each column."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.models.layers import Residual, conv
from trainer.recognition.segmentation.ctc import BLANK


class RowNet(nn.Module):
    """32×W → 16×W/2 → 8×W/2 → 4×W/2, 80 channels → W/2 columns of 96 → 11.

    Input float32 [n, 1, 32, width] in 0..1; output logits, float32 [n, 11, columns], a column for
    each two pixels. The last blocks see eight columns, about a digit, to either side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv(1, 20, stride=2),
            nn.ReLU(),
            conv(20, 40, stride=(2, 1)),
            nn.ReLU(),
            Residual(40),
            conv(40, 80, stride=(2, 1)),
            nn.ReLU(),
            Residual(80),
            nn.Conv2d(80, 96, (4, 3), padding=(0, 1), bias=False),
            nn.BatchNorm2d(96),
            nn.ReLU(),
            Residual(96, (1, 5)),
            Residual(96, (1, 5)),
            nn.Dropout(0.2),
            nn.Conv2d(96, BLANK + 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return torch.squeeze(logits, 2)
