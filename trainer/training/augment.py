"""Augmentation of whole batches, on the device where they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_LIE = {"rotation", "scale", "shear", "shift"}


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far each picture may be changed. Every picture of a batch draws its own change."""

    rotation: float = 15.0  # degrees, either way
    scale: float = 0.15  # share, either way, each axis by itself
    shear: float = 0.25  # horizontal shift per unit of height, either way
    shift: float = 1.5  # pixels, either way
    elastic: float = 0.8  # standard deviation of the bending, pixels
    thickness: float = 0.4  # share of the pictures whose strokes get thicker or thinner
    fade: float = 0.3  # most that the ink may lose of its strength
    contrast: float = 0.4  # logarithm of the gamma that makes greys darker or lighter, either way
    blur: float = 0.3  # share of the pictures that lose some of their sharpness
    dropout: float = 0.15  # share of the pictures that lose a patch of their strokes
    patch: float = 2.5  # radius of such a patch, pixels

    def weakened(self, share: float) -> Augmentation:
        """What makes pictures worse, and how often, at this share; how they lie stays as varied.

        People do turn and slant their digits, so a model must not unlearn it at the end.
        """
        strengths = asdict(self).items()
        return Augmentation(
            **{name: value if name in _LIE else share * value for name, value in strengths}
        )

    def __call__(self, x: Tensor) -> Tensor:
        """Change a batch: float32 [n, 1, 28, 28] in 0..1 to the same."""
        x = self._change_thickness(x)
        grid = F.affine_grid(self._affine(len(x), x), list(x.shape), align_corners=False)
        x = F.grid_sample(x, grid + self._bend(x), align_corners=False)
        x = self._drop_patch(self._blur(x.clamp(0, 1)))
        gamma = torch.exp(self.contrast * _uniform(x)).view(-1, 1, 1, 1)
        return x**gamma * (1 - self.fade * _uniform(x).abs()).view(-1, 1, 1, 1)

    def _affine(self, n: int, x: Tensor) -> Tensor:
        """[n, 2, 3] matrices from output to input coordinates, in -1..1."""
        angle = torch.deg2rad(self.rotation * _uniform(x))
        cos, sin = angle.cos(), angle.sin()
        width, height = 1 + self.scale * _uniform(x), 1 + self.scale * _uniform(x)
        shear, unit = self.shear * _uniform(x), 2 / x.shape[-1]
        rotate = torch.stack([cos, -sin, sin, cos], 1).view(n, 2, 2)
        zero, one = torch.zeros_like(cos), torch.ones_like(cos)
        slant = torch.stack([one, shear, zero, one], 1).view(n, 2, 2)
        stretch = torch.stack([width, zero, zero, height], 1).view(n, 2, 2)
        shift = torch.stack([_uniform(x), _uniform(x)], 1) * self.shift * unit
        return torch.cat([rotate @ slant @ stretch, shift.view(n, 2, 1)], 2)

    def _bend(self, x: Tensor) -> Tensor:
        """Elastic distortion (Simard, Steinkraus, Platt 2003) by a coarse field: [n, 28, 28, 2]."""
        coarse = torch.randn(len(x), 2, 5, 5, device=x.device) * self.elastic * 2 / x.shape[-1]
        fine = F.interpolate(coarse, x.shape[-2:], mode="bicubic", align_corners=True)
        return fine.permute(0, 2, 3, 1)

    def _change_thickness(self, x: Tensor) -> Tensor:
        """Dilate or erode some of the pictures, by any part of one pixel's step."""
        amount = _uniform(x).clamp(min=-0.6).view(-1, 1, 1, 1)  # thin strokes must survive
        chosen = (torch.rand_like(amount) < self.thickness).float()
        thicker = F.max_pool2d(x, 3, 1, 1)
        thinner = -F.max_pool2d(-x, 2, 1, 1)[:, :, : x.shape[2], : x.shape[3]]
        changed = torch.where(amount > 0, thicker, thinner)
        return torch.lerp(x, changed, chosen * amount.abs())

    def _blur(self, x: Tensor) -> Tensor:
        chosen = (torch.rand(len(x), 1, 1, 1, device=x.device) < self.blur).float()
        amount = chosen * torch.rand_like(chosen)
        return torch.lerp(x, F.avg_pool2d(x, 3, 1, 1), amount)

    def _drop_patch(self, x: Tensor) -> Tensor:
        """Take the ink out of a small disc: the pen skipped there (after DeVries, Taylor 2017)."""
        n, side = len(x), x.shape[-1]
        chosen = torch.rand(n, 1, 1, 1, device=x.device) < self.dropout
        radius = self.patch * torch.rand(n, 1, 1, 1, device=x.device)
        centre = side * (0.15 + 0.7 * torch.rand(n, 2, 1, 1, device=x.device))
        along = torch.arange(side, device=x.device)
        away = (along - centre[:, :1]) ** 2 + (along.view(-1, 1) - centre[:, 1:]) ** 2
        return x.masked_fill(chosen & (away < radius**2), 0)


def _uniform(x: Tensor) -> Tensor:
    """One number in -1..1 for each picture: [n]."""
    return torch.rand(len(x), device=x.device) * 2 - 1
