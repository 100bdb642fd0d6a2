"""What a model makes of a picture on the way to its answer, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

_KINDS = (nn.ReLU, nn.MaxPool2d, nn.RNNBase)


def stages(model: nn.Module) -> dict[str, nn.Module]:
    """The modules worth looking behind, in their order, by name: `1 ReLU`, `2 MaxPool2d`, …

    Those are activations, pooling, recurrent layers, and modules with a true `is_stage`; what
    lies within such a one is not listed.
    """
    return {
        f"{number} {type(module).__name__}": module
        for number, module in enumerate(_outermost(model), 1)
    }


def _outermost(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, _KINDS) or getattr(module, "is_stage", False):
        yield module
        return
    for child in module.children():
        yield from _outermost(child)


class WithStages(nn.Module):
    """A model that gives its logits and, after them, what each of its stages gave.

    Of a recurrent layer that is its state after each row, [n, 28, hidden].
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.names = list(stages(model))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        given: list[Tensor] = []

        def take(_module: nn.Module, _arguments: object, output: Tensor | tuple[Tensor]) -> None:
            given.append(output if isinstance(output, Tensor) else output[0])

        hooks = [stage.register_forward_hook(take) for stage in stages(self.model).values()]
        try:
            logits = self.model(x)
        finally:
            for hook in hooks:
                hook.remove()
        return (logits, *given)


def activations(model: nn.Module, pictures: Tensor) -> dict[str, Tensor]:
    """What each stage gives for pictures float32 [n, 1, 28, 28]."""
    watched = WithStages(model)
    with torch.inference_mode():
        return dict(zip(watched.names, watched(pictures)[1:], strict=True))
