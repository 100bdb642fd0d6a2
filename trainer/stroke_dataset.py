"""People's drawings of digits as a torch data set, for who trains with a `DataLoader`."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from trainer.data import Split
from trainer.data.strokes import stroke_drawings


class StrokeDataset(Dataset[tuple[Tensor, int]]):
    """The digits of a split's writers, painted in a random look when they are asked for.

    Items are (float32 [1, 28, 28] in 0..1, label); the same index and seed give the same item.
    More than there are records (`size`) means other looks of the same drawings. Raises
    `TrainerError` where `folder` holds no strokes.
    """

    def __init__(self, folder: Path, split: Split, size: int | None = None, seed: int = 0) -> None:
        self._drawings = stroke_drawings(split, folder, size, seed)

    def __len__(self) -> int:
        return len(self._drawings)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        pixels, label = self._drawings[index]
        return torch.from_numpy(pixels).unsqueeze(0).float() / 255, label
