"""Data augmentation of whole batches, on the device that holds them."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.training.augmentation import Augmentation
from trainer.training.recipe import Recipe


def augmentation_at(epoch: int, recipe: Recipe) -> Augmentation | None:
    """The augmentation of an epoch, counted from 0; None where the recipe has none.

    The last epochs use weak augmentation, so that training ends on images like those at serving
    time (He et al. 2019, Data Augmentation Revisited: Rethinking the Distribution Gap between Clean
    and Augmented Data).
    """
    if recipe.augmentation is None:
        return None
    weak_epochs = round(recipe.weak_augmentation_fraction * recipe.epochs)
    is_weak = epoch >= recipe.epochs - weak_epochs
    return recipe.augmentation.weak() if is_weak else recipe.augmentation


def augment(images: Tensor, settings: Augmentation | None) -> Tensor:
    """Change each image of a batch at random: float32 [n, 1, 28, 28] in 0..1 to the same.

    Without settings the images are returned as they are.
    """
    if settings is None:
        return images
    x = _change_thickness(images, settings)
    grid = F.affine_grid(_affine(x, settings), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid + _elastic(x, settings), align_corners=False)
    x = _drop_patch(_blur(x.clamp(0, 1), settings), settings)
    gamma = torch.exp(settings.contrast * _uniform(x)).view(-1, 1, 1, 1)
    return x**gamma * (1 - settings.fade * _uniform(x).abs()).view(-1, 1, 1, 1)


def _affine(x: Tensor, settings: Augmentation) -> Tensor:
    """Matrices from output to input coordinates, both in -1..1: float32 [n, 2, 3]."""
    n = len(x)
    angle = torch.deg2rad(settings.rotation * _uniform(x))
    cos, sin = angle.cos(), angle.sin()
    width, height = 1 + settings.scale * _uniform(x), 1 + settings.scale * _uniform(x)
    shear, pixel = settings.shear * _uniform(x), 2 / x.shape[-1]
    rotate = torch.stack([cos, -sin, sin, cos], 1).view(n, 2, 2)
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    slant = torch.stack([one, shear, zero, one], 1).view(n, 2, 2)
    stretch = torch.stack([width, zero, zero, height], 1).view(n, 2, 2)
    shift = torch.stack([_uniform(x), _uniform(x)], 1) * settings.shift * pixel
    return torch.cat([rotate @ slant @ stretch, shift.view(n, 2, 1)], 2)


def _elastic(x: Tensor, settings: Augmentation) -> Tensor:
    """Elastic displacement (Simard, Steinkraus, Platt 2003), smoothed by drawing it on a 5×5 grid.

    float32 [n, 28, 28, 2], in coordinates of -1..1.
    """
    coarse = torch.randn(len(x), 2, 5, 5, device=x.device) * settings.elastic * 2 / x.shape[-1]
    to_fine = _bicubic(5, x.shape[-1]).to(x.device)
    return (to_fine @ coarse @ to_fine.T).permute(0, 2, 3, 1)


@cache
def _bicubic(few: int, many: int) -> Tensor:
    """The matrix that interpolates along one axis: float32 [many, few].

    Two products with it are several times faster than interpolating each image.
    """
    size = (many, few)
    return F.interpolate(torch.eye(few)[None, None], size, mode="bicubic", align_corners=True)[0, 0]


def _change_thickness(x: Tensor, settings: Augmentation) -> Tensor:
    """Dilate or erode the strokes of some images, by a random part of one pixel."""
    amount = _uniform(x).clamp(min=-0.6).view(-1, 1, 1, 1)  # so that thin strokes do not vanish
    chosen = (torch.rand_like(amount) < settings.thickness).float()
    thicker, thinner = x, x
    for axis in (2, 3):  # pooling along one axis and then the other; max_pool2d takes much longer
        before, after = _neighbors(thicker, axis)
        thicker = torch.maximum(torch.maximum(before, after), thicker)
        thinner = torch.minimum(_neighbors(thinner, axis)[0], thinner)
    changed = torch.where(amount > 0, thicker, thinner)
    return torch.lerp(x, changed, chosen * amount.abs())


def _blur(x: Tensor, settings: Augmentation) -> Tensor:
    chosen = (torch.rand(len(x), 1, 1, 1, device=x.device) < settings.blur).float()
    amount = chosen * torch.rand_like(chosen)
    blurred = x
    for axis in (2, 3):
        before, after = _neighbors(F.pad(blurred, _BORDERS[axis]), axis)
        blurred = ((before + after).narrow(axis, 1, x.shape[axis]) + blurred) / 3
    return torch.lerp(x, blurred, amount)


_BORDERS = {2: (0, 0, 1, 1), 3: (1, 1, 0, 0)}
"""What `F.pad` takes for one pixel at both ends of an axis."""


def _neighbors(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The pixels before and after each along an axis; at the border, the pixel itself."""
    size = x.shape[axis]
    first, last = x.narrow(axis, 0, 1), x.narrow(axis, size - 1, 1)
    before = torch.cat([first, x.narrow(axis, 0, size - 1)], axis)
    after = torch.cat([x.narrow(axis, 1, size - 1), last], axis)
    return before, after


def _drop_patch(x: Tensor, settings: Augmentation) -> Tensor:
    """Blank a small disc, as where a pen skips (after cutout, DeVries and Taylor 2017)."""
    n, side = len(x), x.shape[-1]
    chosen = torch.rand(n, 1, 1, 1, device=x.device) < settings.dropout
    radius = settings.patch * torch.rand(n, 1, 1, 1, device=x.device)
    center = side * (0.15 + 0.7 * torch.rand(n, 2, 1, 1, device=x.device))
    along = torch.arange(side, device=x.device)
    squared = (along - center[:, :1]) ** 2 + (along.view(-1, 1) - center[:, 1:]) ** 2
    return x.masked_fill(chosen & (squared < radius**2), 0)


def _uniform(x: Tensor) -> Tensor:
    """A random number in -1..1 for each image: float32 [n]."""
    return torch.rand(len(x), device=x.device) * 2 - 1
