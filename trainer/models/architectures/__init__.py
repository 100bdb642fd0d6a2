"""Architectures by name.

To add one, add a file here with an `nn.Module` under `@architecture("name")`. It takes float32
[n, 1, 28, 28], 0 for paper and 1 for ink, and returns logits of the digits 0 to 9, float32 [n, 10],
or [n, 11] with "not a digit" last. The arguments of its constructor are its options, each with a
default.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from torch import nn

from trainer.errors import TrainerError
from trainer.models.options import Option
from trainer.registry import Registry, hint

ARCHITECTURES: Registry[type[nn.Module]] = Registry("architecture", __name__)
architecture = ARCHITECTURES.register


def construct(name: str, options: Mapping[str, Option]) -> nn.Module:
    """A new model with random weights.

    Raises `TrainerError` for an unknown name, an unknown option or an invalid value.
    """
    kind = ARCHITECTURES[name]
    taken = list(inspect.signature(kind).parameters)
    for option in options:
        if option not in taken:
            raise TrainerError(
                f"the architecture {name!r} takes no option {option!r}; {hint(option, taken)}"
            )
    try:
        return kind(**options)
    except (TypeError, ValueError, RuntimeError) as error:
        given = ", ".join(f"{option} = {value}" for option, value in options.items())
        raise TrainerError(f"{name!r} cannot be built with {given}: {error}") from error
