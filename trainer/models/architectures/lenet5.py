"""LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) as the tutorials build it."""

from __future__ import annotations

from torch import Tensor, nn

from trainer.models.architectures import architecture


@architecture("lenet5")
class LeNet5(nn.Module):
    """28×28 → 14×14×6 → 5×5×16 → 120 → 84 → 10, with ReLU and max pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
