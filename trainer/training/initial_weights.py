"""Beginning with what another model has learned."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from trainer.errors import TrainerError
from trainer.recognition.bundle import Bundle, read_weights
from trainer.training.recipe import Recipe


def start_of(bundle: Bundle, recipe: Recipe) -> tuple[Recipe, bytes]:
    """The recipe for going on from a bundle, and its weights in the safetensors format.

    What shapes the net is the bundle's; all else is the recipe's. Raises `TrainerError` for a card
    that does not tell its recipe, and `BundleError` as reading does.
    """
    try:
        old = msgspec.convert(bundle.card.recipe, Recipe)
    except msgspec.ValidationError as error:
        raise TrainerError(f"{bundle.folder}: its card tells no recipe: {error}") from error
    recipe = replace(
        recipe,
        architecture=old.architecture,
        options=old.options,
        normalise=old.normalise,
        half=old.half,
        start_from=bundle.card.version,
    )
    return recipe, read_weights(bundle)
