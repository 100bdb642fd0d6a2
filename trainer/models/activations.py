"""The activations of a model, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

_KINDS = (nn.ReLU, nn.MaxPool2d, nn.RNNBase)


def stages(model: nn.Module) -> dict[str, nn.Module]:
    """The modules whose outputs are shown, in order and by name: `1 ReLU`, `2 MaxPool2d`, …

    These are activation functions, pooling, recurrent layers and modules with a true `is_stage`;
    modules nested in one of them are not listed.
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
    """Wraps a model to return its logits, followed by the output of each stage.

    The output of a recurrent layer is its hidden state after each row, float32 [n, 28, hidden].
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.names = list(stages(model))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        outputs: list[Tensor] = []

        def take(_module: nn.Module, _arguments: object, output: Tensor | tuple[Tensor]) -> None:
            outputs.append(output if isinstance(output, Tensor) else output[0])

        hooks = [stage.register_forward_hook(take) for stage in stages(self.model).values()]
        try:
            logits = self.model(x)
        finally:
            for hook in hooks:
                hook.remove()
        return (logits, *outputs)


def activations(model: nn.Module, pictures: Tensor) -> dict[str, Tensor]:
    """The output of each stage, by its name, for float32 [n, 1, 28, 28] in 0..1."""
    watched = WithStages(model)
    with torch.inference_mode():
        return dict(zip(watched.names, watched(pictures)[1:], strict=True))
