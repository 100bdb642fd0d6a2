"""Architectures by name.

A new one joins by one new file here with an `nn.Module` under `@architecture("name")`. It takes
float32 [n, 1, 28, 28], 0 for paper and 1 for ink, and gives logits of the digits 0 to 9, float32
[n, 10]; or [n, 11], the last of which is for what is not a digit.
"""

from __future__ import annotations

from torch import nn

from trainer.registry import Registry

ARCHITECTURES: Registry[type[nn.Module]] = Registry("architecture", __name__)
architecture = ARCHITECTURES.register
