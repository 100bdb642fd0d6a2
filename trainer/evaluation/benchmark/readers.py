"""Who reads in the benchmark: a bundle, and the tutorials' LeNet-5, trained here and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from trainer.evaluation.metrics import all_logits
from trainer.recognition.prediction import Floats, digit_probabilities, digit_score, softmax
from trainer.recognition.preprocess import SIDE, Pixels
from trainer.recognition.recognizer import Recognizer

EPOCHS = 20
BATCH_SIZE = 100
LEARNING_RATE = 1e-3

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Reader:
    """Something that reads prepared pictures, uint8 [n, 28, 28].

    `sees` says which ones: "prepared" by `preprocess`, or "scaled" as tutorials do. `read`
    gives probabilities [n, 10] and digit scores [n]; below `threshold` it is no digit.
    """

    name: str
    sees: str
    read: Callable[[Pixels], tuple[Floats, Floats]]
    threshold: float


def bundle_reader(name: str, recognizer: Recognizer) -> Reader:
    """A bundle, as the API asks it."""

    def read(pixels: Pixels) -> tuple[Floats, Floats]:
        logits = all_logits(recognizer, pixels)
        return digit_probabilities(logits, recognizer.card.temperature), digit_score(logits)

    return Reader(name, "prepared", read, recognizer.card.rejection_threshold)


def tutorial_readers(folder: Path, seed: int, report: Report) -> list[Reader]:
    """LeNet-5 by the tutorials' recipe, reading scaled pictures; and the same one, centred ones.

    MNIST as it is (55,000 to learn from, 5,000 to keep the best of 20 epochs by), Adam, batches of
    100, cross-entropy. What tutorials know of non-digits is the highest probability alone.
    """
    read = _train_lenet5(folder, seed, report)
    return [
        Reader("LeNet-5, centred", "prepared", read, 0.0),
        Reader("LeNet-5, scaled", "scaled", read, 0.0),
    ]


def scaled(picture: Pixels) -> Pixels:
    """What tutorials make of a picture: grey, 28×28, turned light on dark where it is not."""
    if picture.ndim == 3 and picture.shape[2] == 4:
        opacity = picture[:, :, 3:] / np.float32(255)
        picture = (picture[:, :, :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(255 - small if small.mean() > 127 else small)


def _train_lenet5(
    folder: Path, seed: int, report: Report
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
