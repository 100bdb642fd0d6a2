"""Where to train."""

from __future__ import annotations

from typing import Literal

import torch

from trainer.errors import TrainerError

Precision = Literal["float32", "bfloat16"]
"""Of the forward pass and its gradients; weights and their averages are float32 always."""


def choose_device(name: str | None) -> torch.device:
    """The device of that name, or the best there is: CUDA, then MPS, then CPU.

    Raises `TrainerError` for a name that is none, or a device that is not here.
    """
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise TrainerError(f"--device {name}: {reason}") from error
    return device


def quickest_precision(device: torch.device) -> Precision:
    """bfloat16 where the processor computes in it, else float32, to which it would be converted."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    has_instructions = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if has_instructions else "float32"
