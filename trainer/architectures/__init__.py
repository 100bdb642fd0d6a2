"""Architectures by name.

A new one joins by one new file here with an `nn.Module` under `@architecture("name")`. It takes
float32 [n, 1, 28, 28], 0 for paper and 1 for ink, and gives logits, float32 [n, 10].
"""

from __future__ import annotations

from torch import nn

from trainer.registry import Registry

ARCHITECTURES: Registry[type[nn.Module]] = Registry("architecture", __name__)
architecture = ARCHITECTURES.register
