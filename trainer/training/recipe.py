"""Hyperparameters of a training run. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from trainer.errors import TrainerError
from trainer.models.options import OPTION_NAMES, Option
from trainer.training.augmentation import Augmentation
from trainer.training.renamed import with_current_names

Precision = Literal["float32", "bfloat16"]
"""Precision of the forward and backward pass; weights and their EMA are always float32."""

Order = Literal["shuffled", "stored", "by-class"]
"""Order of the training images in each epoch."""

ValidateOn = Literal["validation", "train", "test"]
"""What is validated on after each epoch: a split, or with `train` what is trained on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Hyperparameters of a training run. Together with the data they determine the weights.

    A field with a description is an option of `python -m trainer train`, with the same name,
    range and default.
    """

    architecture: Annotated[str, Meta(description="Name of the architecture.")] = "inkling"
    options: dict[str, Option] = field(default_factory=dict)  # of the architecture
    epochs: Annotated[int, Meta(ge=1, description="Number of epochs.")] = 20
    batch_size: Annotated[
        int, Meta(ge=2, description="Images in each step, over all processes.")
    ] = 256
    order: Annotated[
        Order,
        Meta(
            description="Order of the images in each epoch: shuffled anew, always as the data set "
            "has them, or all of one digit before the next, as folders are read."
        ),
    ] = "shuffled"
    loss: Annotated[
        Literal["ce", "nll", "mse", "softmax-ce"],
        Meta(
            description="Cross-entropy, the same as log-softmax and negative log-likelihood, or "
            "mean squared error; softmax-ce is the cross-entropy of a second softmax, a mistake."
        ),
    ] = "ce"
    label_smoothing: Annotated[
        float, Meta(ge=0, le=1, description="Probability spread evenly over all classes.")
    ] = 0.05
    optimizer: Annotated[
        Literal["sgd", "adam", "adamw"], Meta(description="Optimization algorithm.")
    ] = "adamw"
    learning_rate: Annotated[
        float, Meta(gt=0, description="Learning rate; the peak of a one-cycle schedule.")
    ] = 3e-3
    momentum: Annotated[float, Meta(ge=0, le=1, description="Momentum of sgd.")] = 0.0
    cycle_momentum: Annotated[
        bool | None,
        Meta(
            description="With a one-cycle schedule, also lower the momentum of sgd, or β1 of adam "
            "and adamw, from 0.95 to 0.85 and back.  [default: unless --momentum is given]"
        ),
    ] = None
    weight_decay: Annotated[
        float, Meta(ge=0, description="Weight decay; decoupled with adamw, L2 otherwise.")
    ] = 0.02
    schedule: Annotated[
        Literal["constant", "cosine", "one-cycle"],
        Meta(description="Schedule of the learning rate, stepped after each batch."),
    ] = "one-cycle"
    ema_decay: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="Decay of the exponential moving average (EMA) of the weights, which is "
            "what is validated and saved; 0 turns it off.",
        ),
    ] = 0.999
    normalize: Annotated[
        bool, Meta(description="Standardize pixels by MNIST's mean and standard deviation.")
    ] = False
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    weak_augmentation_fraction: Annotated[
        float,
        Meta(ge=0, le=1, description="Fraction of epochs, at the end, with weak augmentation."),
    ] = 0.2
    patience: Annotated[
        int,
        Meta(ge=0, description="Stop after this many epochs without improvement; 0 never stops."),
    ] = 0
    validate_on: Annotated[
        ValidateOn,
        Meta(
            description="What is validated on, and so selects the best epoch: another part than "
            "the validation split makes the result look better than it is."
        ),
    ] = "validation"
    evaluation_mode: Annotated[
        bool,
        Meta(description="Validate in evaluation mode, in which dropout is off: model.eval()."),
    ] = True
    precision: Annotated[
        Precision,
        Meta(
            description="Precision of the forward pass. bfloat16 is about twice as fast on "
            "hardware that supports it; `quickest` uses it only there."
        ),
    ] = "float32"
    half: Annotated[
        bool, Meta(description="Export the weights in half precision, at half the size.")
    ] = False
    int8: Annotated[
        bool,
        Meta(description="Export the graph in int8, which answers in less than half the time."),
    ] = False
    start_from: str = ""  # version of the bundle with the initial weights; empty: random weights
    distillation_weight: Annotated[
        float,
        Meta(
            ge=0,
            description="With --start-from: weight of the distillation loss, which keeps that "
            "bundle's correct predictions.",
        ),
    ] = 0.0
    seed: Annotated[int, Meta(ge=0, description="Seed of all random numbers.")] = 0

    @classmethod
    def from_options(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe from options of `python -m trainer train`, by Python name; others are ignored.

        An option of the architecture that is None counts as not given. The recipe says whether the
        momentum is cycled. Raises `TrainerError` for options that contradict each other.
        """
        own = {name: values[name] for name in (each.name for each in fields(cls)) if name in values}
        options = {name: values[name] for name in OPTION_NAMES if values.get(name) is not None}
        augmentation = Augmentation() if values.get("augment", True) else None
        recipe = cls(**own, options=options, augmentation=augmentation)
        if recipe.cycle_momentum and recipe.momentum:
            raise TrainerError("--momentum has no effect with --cycle-momentum; give one of them")
        return replace(recipe, cycle_momentum=recipe.cycles_momentum)

    @property
    def cycles_momentum(self) -> bool:
        """Whether the schedule changes the momentum, too."""
        if self.schedule != "one-cycle":
            return False
        return not self.momentum if self.cycle_momentum is None else self.cycle_momentum

    @classmethod
    def from_saved(cls, values: Mapping[str, object]) -> Recipe:
        """A recipe from a run.json or a card, which may use former field names.

        Raises `TrainerError` for values that are not a recipe.
        """
        try:
            return msgspec.convert(with_current_names(values), cls)
        except msgspec.ValidationError as error:
            raise TrainerError(f"not a recipe: {error}") from error
