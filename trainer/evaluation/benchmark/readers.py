"""The readers that the benchmark compares: a bundle, and a LeNet-5 trained as in tutorials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from trainer.evaluation.metrics import all_logits
from trainer.progress import ReportProgress
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.prediction import digit_probabilities, digit_score, softmax
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer

EPOCHS = 20
BATCH_SIZE = 100
LEARNING_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Reader:
    """A classifier of 28×28 pixels."""

    name: str
    sees: Literal["preprocessed", "scaled"]
    """The images that it takes: by `preprocess`, or by `scale_down` as in tutorials."""
    read: Callable[[Pixels], tuple[Floats, Floats]]
    """Pixels, uint8 [n, 28, 28], to probabilities, float64 [n, 10], and digit scores [n]."""
    threshold: float
    """Samples with a digit score below it are rejected."""


def bundle_reader(name: str, recognizer: Recognizer) -> Reader:
    """A bundle, used as the API does."""

    def read(pixels: Pixels) -> tuple[Floats, Floats]:
        logits = all_logits(recognizer, pixels)
        return digit_probabilities(logits, recognizer.card.temperature), digit_score(logits)

    return Reader(name, "preprocessed", read, recognizer.card.rejection_threshold)


def tutorial_readers(folder: Path, seed: int, report: ReportProgress) -> list[Reader]:
    """A LeNet-5 trained by the tutorials' recipe, which reads preprocessed or scaled images.

    Trained on MNIST as it is (55,000 images, and 5,000 to select the best of 20 epochs) with Adam,
    batches of 100 and cross-entropy. The digit score is the highest probability, as a network of
    ten classes knows no non-digits. MNIST is downloaded to
    `folder`, the data folder, if it is missing.
    """
    read = _train_lenet5(folder, seed, report)
    return [
        Reader("LeNet-5, centered", "preprocessed", read, 0.0),
        Reader("LeNet-5, scaled", "scaled", read, 0.0),
    ]


def scale_down(picture: Pixels) -> Pixels:
    """Convert an image as tutorials do: gray, 28×28, inverted if the paper is light.

    Takes uint8 gray, RGB or RGBA; returns uint8 [28, 28].
    """
    if picture.ndim == 3 and picture.shape[2] == 4:
        opacity = picture[:, :, 3:] / np.float32(255)
        picture = (picture[:, :, :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    small = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(255 - small if small.mean() > 127 else small)


def _train_lenet5(
    folder: Path, seed: int, report: ReportProgress
) -> Callable[[Pixels], tuple[Floats, Floats]]:
    import torch
    from torch.nn import functional as F
    from torchvision.datasets import MNIST

    from trainer.training.recipe import Recipe, build

    torch.manual_seed(seed)
    stored = MNIST(root=str(folder / "mnist"), train=True, download=True)
    x, y = stored.data.unsqueeze(1).float() / 255, stored.targets
    order = torch.randperm(len(y))
    learned, held_out = order[5000:], order[:5000]
    model = build(Recipe(architecture="lenet5"))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    best, weights = -1.0, model.state_dict()
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for batch in learned[torch.randperm(len(learned))].split(BATCH_SIZE):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.inference_mode():
            right = float((model(x[held_out]).argmax(1) == y[held_out]).float().mean())
        if right > best:
            best = right
            weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        report(f"LeNet-5: epoch {epoch} of {EPOCHS}, {right:.2%} of validation right")
    model.load_state_dict(weights)

    @torch.inference_mode()
    def read(pixels: Pixels) -> tuple[Floats, Floats]:
        batches = torch.from_numpy(pixels).unsqueeze(1).split(1024)
        logits = torch.cat([model(batch.float() / 255) for batch in batches])
        probabilities = softmax(logits.numpy().astype(np.float64))
        return probabilities, probabilities.max(axis=1)

    return read
