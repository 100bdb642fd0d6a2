"""From any image of one digit to the 28×28 pixels that a model takes.

The last step is MNIST's own procedure (`mnist_format`). The steps before it handle what people
send: dark ink on light paper and light on dark, colors, transparency, photos, dirt, any pen width.
`arrays` bounds the size, `ink` separates ink from paper (`paper` and `rules` do so for photos,
`frames` and `screen_rules` for screenshots), and `components` removes specks and, by
`surroundings`, boxes, circles and underlines around a digit. Where a model sees no digit in the
result, `alternatives` has other ways to see the ink.

Training on drawings, evaluation, serving and the preview of "what the model saw" all call
`preprocess`. There must never be a second implementation of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.alternatives import other_inks, without_line_below
from trainer.recognition.preprocess.components import Box, remove_specks
from trainer.recognition.preprocess.ink import EmptyDrawing, Ink, find_ink
from trainer.recognition.preprocess.mnist_format import SIDE, to_mnist_format

__all__ = [
    "SIDE",
    "VERSION",
    "EmptyDrawing",
    "Ink",
    "Pixels",
    "Prepared",
    "find_ink",
    "other_inks",
    "prepare",
    "preprocess",
    "preprocess_ink",
    "without_line_below",
]

VERSION = 2
"""Recorded in every bundle. Increment it whenever the same ink may give different pixels, since a
model would then see input it was not trained on; not when ink is found that was missed before."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A preprocessed image."""

    pixels: Pixels
    """uint8 [28, 28], 0 for paper and 255 for ink."""
    box: Box
    """Bounding box of the ink, (x, y, width, height) in pixels of the image that was sent."""
    dark_on_light: bool
    """Whether the ink was darker than the paper."""


def preprocess(picture: Image.Image | Pixels, scale: float = 1.0) -> Prepared:
    """Convert an image of one digit to MNIST's format.

    `picture` is a Pillow image of any mode, or uint8 [height, width] (gray), [height, width, 3]
    (RGB) or [height, width, 4] (RGBA). `scale` is the width of one of its pixels in pixels of the
    image that was sent, above 1 if it was decoded at reduced size. Raises `EmptyDrawing` if there
    is no ink, or only a dot.
    """
    return preprocess_ink(find_ink(picture, scale))


def preprocess_ink(ink: Ink) -> Prepared:
    """Convert the ink of one digit to MNIST's format. Raises `EmptyDrawing` for a dot."""
    strength, (x, y, width, height) = remove_specks(ink.strength)
    return prepare(ink, strength[y : y + height, x : x + width], (x, y, width, height))


def prepare(ink: Ink, crop: Pixels, box: Box) -> Prepared:
    """Convert a crop of ink, uint8 [height, width], to MNIST's format.

    `box` is where the crop lies in `ink`, in pixels of `ink`. Raises `EmptyDrawing` for a dot.
    """
    left, top, width, height = (round(length * ink.scale) for length in box)
    return Prepared(to_mnist_format(crop), (left, top, width, height), ink.dark_on_light)
