"""The device to train on, and the precision that is fastest there."""

from __future__ import annotations

import torch

from trainer.errors import TrainerError
from trainer.training.recipe import Precision


def choose_device(name: str | None) -> torch.device:
    """The named device, or the best available: CUDA, then MPS, then CPU.

    Raises `TrainerError` for an invalid name or a device that is not available.
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
    """bfloat16 where the hardware computes in it; float32 where it would only be emulated."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    has_instructions = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if has_instructions else "float32"
