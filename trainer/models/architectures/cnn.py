"""Small convolutional networks as the tutorials build them."""

from __future__ import annotations

from torch import Tensor, nn

from trainer.models.architectures import architecture


@architecture("cnn")
class SmallCNN(nn.Module):
    """28×28 → 12×12×10 → 4×4×20 → 50 → 10, with dropout of feature maps and of units.

    The tutorial's model ends in a log-softmax; here it is part of the loss (`--loss nll`).
    """

    def __init__(self, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 10, 5),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(10, 20, 5),
            nn.Dropout2d(dropout),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(320, 50),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(50, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


@architecture("cnn-wide")
class WideCNN(nn.Module):
    """28×28 → 12×12×32 → 4×4×64 → dense → dropout → 10: two blocks of convolution and pooling."""

    def __init__(self, hidden: int = 256, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 4 * 4, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
