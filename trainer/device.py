"""Where to train."""

from __future__ import annotations

import torch

from trainer.errors import TrainerError


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
