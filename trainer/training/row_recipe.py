"""Hyperparameters of the row reader. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRecipe:
    """Hyperparameters of the row reader. Together with the rows they determine the weights."""

    epochs: Annotated[int, Meta(ge=1, description="Number of epochs.")] = 8
    batch_size: Annotated[int, Meta(ge=1, description="Rows in each step.")] = 64
    learning_rate: Annotated[float, Meta(gt=0, description="Peak of the one-cycle schedule.")] = (
        3e-3
    )
    weight_decay: Annotated[float, Meta(ge=0, description="Decoupled, as in AdamW.")] = 0.01
    seed: Annotated[int, Meta(ge=0, description="Seed of all random numbers.")] = 0
