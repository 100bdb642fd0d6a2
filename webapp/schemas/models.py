"""The available models."""

from __future__ import annotations

from msgspec import Struct

from webapp.schemas.fields import Probability


class Measured(Struct, kw_only=True):
    """An evaluation of the model on one data set, from its card."""

    data: str
    split: str
    pictures: int
    accuracy: Probability
    calibration_error: Probability


class ModelInfo(Struct, kw_only=True):
    """An available model."""

    name: str
    version: str
    default: bool
    architecture: str
    parameters: int
    created: str
    evaluations: list[Measured]


class ModelList(Struct, kw_only=True):
    """The available models, the default model first."""

    models: list[ModelInfo]
