"""Recipe and initial weights for a training that continues from a bundle."""

from __future__ import annotations

from dataclasses import replace

from trainer.errors import TrainerError
from trainer.recognition.bundle import Bundle, read_weights
from trainer.training.recipe import Recipe


def start_of(bundle: Bundle, recipe: Recipe) -> tuple[Recipe, bytes]:
    """The recipe for continuing from a bundle, and the bundle's weights in safetensors format.

    Architecture, normalization and precision of weights and graph are the bundle's, all other
    hyperparameters the recipe's. Raises `TrainerError` for a card without a valid recipe, and
    `BundleError` as reading does.
    """
    try:
        old = Recipe.from_saved(bundle.card.recipe)
    except TrainerError as error:
        raise TrainerError(f"{bundle.folder}: its card has no valid recipe: {error}") from error
    recipe = replace(
        recipe,
        architecture=old.architecture,
        options=old.options,
        normalize=old.normalize,
        half=old.half,
        int8=old.int8,
        start_from=bundle.card.version,
    )
    return recipe, read_weights(bundle)
