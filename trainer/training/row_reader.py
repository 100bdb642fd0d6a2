"""Trains the row reader: a plain training loop, on batches of images of any width.

It does not use `loop`, whose batches are images of one size with one label each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from trainer.data.rows import Rows
from trainer.models.pixels import scale_pixels
from trainer.models.row_net import RowNet
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.segmentation.ctc import BLANK
from trainer.recognition.segmentation.row_reader import HEIGHT, MAX_WIDTH
from trainer.training.device import quickest_precision
from trainer.training.row_recipe import RowRecipe

_SORTED = 40  # batches whose rows are sorted by width, so that those of a batch are alike
_WARM_UP = 0.15  # share of the steps in which the learning rate rises
_CLIP = 5.0  # largest norm of a gradient
_FAINT = 60  # ink that augmentation must not get below


def train_rows(
    recipe: RowRecipe,
    train: Rows,
    validation: Rows,
    device: torch.device,
    on_epoch_end: Callable[[int, float, float], None] = lambda *_: None,
) -> RowNet:
    """Train a row reader, and return it in evaluation mode on the CPU.

    After each epoch `on_epoch_end` is given its number, counted from 1, the mean loss for each
    digit, and the share, 0..1, of the validation rows that are read without an error. Nothing is
    chosen by it: the weights are those of the last epoch.
    """
    torch.manual_seed(recipe.seed)
    model = RowNet().to(device).to(memory_format=torch.channels_last)
    optimizer = AdamW(model.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * -(-len(train) // recipe.batch_size)
    schedule = OneCycleLR(
        optimizer,
        recipe.learning_rate,
        total_steps=max(2, steps),
        pct_start=_WARM_UP,
        cycle_momentum=False,
    )
    use_bfloat16 = quickest_precision(device) == "bfloat16"

    for epoch in range(recipe.epochs):
        losses = []
        model.train()
        batches = _batches(train, recipe.batch_size, np.random.default_rng([recipe.seed, epoch]))
        for images, texts in tqdm(
            batches, f"epoch {epoch + 1}", steps // recipe.epochs, leave=False, disable=None
        ):
            with torch.autocast(device.type, torch.bfloat16, enabled=use_bfloat16):
                logits = model(images.to(device, memory_format=torch.channels_last))
            loss = ctc_loss(logits, texts)

            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        right = validation.share_read(reader_of(model.eval()))
        on_epoch_end(epoch + 1, float(torch.stack(losses).mean()), right)
    return model.cpu()


def ctc_loss(logits: Tensor, texts: list[str]) -> Tensor:
    """The loss of connectionist temporal classification for each digit: a float32 scalar.

    `logits` are [n, 11, columns]. A text that has too many digits for the columns counts
    as 0, and one without digits as if it had one.
    """
    columns = F.log_softmax(logits.float(), dim=1).permute(2, 0, 1)
    digits = torch.tensor([int(digit) for text in texts for digit in text], device=logits.device)
    lengths = torch.tensor([len(text) for text in texts])
    widths = torch.full((len(texts),), len(columns))
    losses = F.ctc_loss(
        columns, digits, widths, lengths, blank=BLANK, reduction="none", zero_infinity=True
    )
    return (losses / lengths.clamp(min=1).to(losses.device)).mean()


def reader_of(model: nn.Module) -> Callable[[Pixels], Floats]:
    """Reads rows as `RowReader` does, with a model in evaluation mode on any device."""
    device = next(model.parameters()).device

    @torch.no_grad()
    def read(image: Pixels) -> Floats:
        logits = model(scale_pixels(torch.from_numpy(image)[None, None].to(device)))
        columns: Floats = F.log_softmax(logits[0].double(), dim=0).T.cpu().numpy()
        return columns

    return read


def _batches(rows: Rows, size: int, rng: Generator) -> Iterator[tuple[Tensor, list[str]]]:
    """Augmented images, float32 [batch, 1, 32, width] in 0..1, and texts, in random order."""
    widths = np.array([image.shape[1] for image in rows.images])
    order = rng.permutation(len(rows))
    for start in range(0, len(order), size * _SORTED):
        some = order[start : start + size * _SORTED]
        some = some[np.argsort(widths[some], kind="stable")]
        batches = [some[begin : begin + size] for begin in range(0, len(some), size)]
        for index in rng.permutation(len(batches)):
            images = [augment_row(rows.images[each], rng) for each in batches[index]]
            yield _stacked(images), [rows.texts[each] for each in batches[index]]


def _stacked(images: list[Pixels]) -> Tensor:
    """Pad images on the right to the width of the widest: float32 [n, 1, 32, width]."""
    batch = np.zeros((len(images), 1, HEIGHT, max(image.shape[1] for image in images)), np.uint8)
    for index, image in enumerate(images):
        batch[index, 0, :, : image.shape[1]] = image
    return scale_pixels(torch.from_numpy(batch))


def augment_row(image: Pixels, rng: Generator) -> Pixels:
    """Stretch, shear and shift the image of a row, and blur, thin or thicken its ink.

    `image` is uint8 [32, width]; the result may be wider or narrower, but not above `MAX_WIDTH`.
    """
    height, width = image.shape
    stretch, lift = np.exp(rng.normal(0, (0.1, 0.05)))
    shear, shift = rng.normal(0, (0.1, 0.7))
    wide = max(8, round(width * stretch + abs(shear) * height))
    to_left = shear * height if shear > 0 else 0.0
    matrix = np.array([[stretch, -shear, to_left], [0, lift, height / 2 * (1 - lift) + shift]])
    changed = cv2.warpAffine(image, matrix, (wide, height))
    change = rng.random()
    if change < 0.12:
        changed = cv2.GaussianBlur(changed, (3, 3), rng.uniform(0.4, 0.9))
    elif change < 0.2:
        changed = cv2.erode(changed, np.ones((2, 2), np.uint8))
    elif change < 0.28:
        changed = cv2.dilate(changed, np.ones((2, 2), np.uint8))
    if changed.max() < _FAINT or wide > MAX_WIDTH:  # some of its text would be missing
        return image
    return changed.astype(np.uint8, copy=False)
