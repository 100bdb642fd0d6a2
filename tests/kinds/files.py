"""Plain digits in files as programs, cameras and interrupted uploads leave them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from tests.kinds.pen import Canvas, blank, chance, colors, place, write
from trainer.recognition.strokes import Strokes

Write = Callable[[Canvas, Generator], bytes]


def _saved(image: Image.Image | NDArray[Any], kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, kind, **options)
    return file.getvalue()


def _gray(canvas: Canvas) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(canvas).convert("L"))


def _few_values(canvas: Canvas, rng: Generator, top: int) -> bytes:
    """Values from 0 to `top`, as of arrays that were saved as they are."""
    gray = _gray(canvas).astype(int)
    low, high = gray.min(), gray.max()
    return _saved(np.round((gray - low) * top / (high - low)).astype(np.uint8), "PNG")


def _like_scikit_learn(canvas: Canvas, rng: Generator) -> bytes:
    """8×8 values from 0 to 16, 0 for paper, that the digit fills."""
    gray = _gray(canvas).astype(int)
    strength = abs(gray - gray[0, 0])
    rows, columns = np.nonzero(strength > strength.max() / 8)
    inside = strength[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = inside.shape
    square = np.zeros((max(height, width),) * 2, np.uint8)
    top, left = (len(square) - height) // 2, (len(square) - width) // 2
    square[top : top + height, left : left + width] = inside * 255 // inside.max()
    small = np.asarray(Image.fromarray(square).resize((8, 8), Image.Resampling.BOX))
    return _saved(np.round(small / 255 * 16).astype(np.uint8), "PNG")


def _deep(canvas: Canvas, rng: Generator, bits: int, kind: str = "PNG") -> bytes:
    """Gray values of so many bits, in a file of 16 bits."""
    deep = _gray(canvas).astype(np.uint32) * ((1 << bits) - 1) // 255
    return _saved(deep.astype(np.uint16), kind)


def _with_alpha(canvas: Canvas, alpha: int) -> NDArray[np.uint8]:
    return np.dstack([canvas, np.full(canvas.shape[:2], alpha, np.uint8)])


def _without_alpha_bmp(canvas: Canvas, rng: Generator) -> bytes:
    """A BMP of 32 bits whose header tells of an alpha that nobody set."""
    height, width = canvas.shape[:2]
    body = _with_alpha(canvas, 0)[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack(
        "<IiiHHIIiiII4I", 108, width, height, 1, 32, 3, len(body), *[0] * 4, *masks
    )
    start = struct.pack("<2sIHHI", b"BM", 122 + len(body), 0, 0, 122)
    return start + header + bytes(52) + body


def _animation(canvas: Canvas, rng: Generator, kind: str) -> bytes:
    """Blank at first, then the digit as it grows, then at times blank again."""
    whole = Image.fromarray(canvas)
    empty = Image.new("RGB", whole.size, tuple(canvas[0, 0].tolist()))
    frames = [empty]
    for share in (0.4, 0.7):
        grown = empty.copy()
        grown.paste(whole.crop((0, 0, whole.width, int(share * whole.height))))
        frames.append(grown)
    frames += [whole, empty] if chance(rng, 0.3) else [whole]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=80)


def _cut_jpeg(canvas: Canvas, rng: Generator, missing: int, progressive: bool = False) -> bytes:
    quality = int(rng.integers(70, 96))
    return _saved(canvas, "JPEG", quality=quality, progressive=progressive)[:-missing]


def _patch(canvas: Canvas, rng: Generator) -> bytes:
    """A sheet of paper somewhere on a larger transparent canvas."""
    height, width = canvas.shape[:2]
    tall, wide = (int(side * rng.uniform(1.8, 3)) for side in (height, width))
    whole = np.zeros((tall, wide, 4), np.uint8)
    top, left = int(rng.integers(0, tall - height)), int(rng.integers(0, wide - width))
    whole[top : top + height, left : left + width] = _with_alpha(canvas, 255)
    return _saved(whole, "PNG")


def _pages(canvas: Canvas, rng: Generator) -> bytes:
    empty = Image.new("RGB", (300, 200), (255, 255, 255))
    options = {"compression": "tiff_deflate", "save_all": True, "append_images": [empty, empty]}
    return _saved(canvas, "TIFF", **options)


def _large_jpeg(canvas: Canvas, rng: Generator, progressive: bool) -> bytes:
    """50 megapixels."""
    height, width = canvas.shape[:2]
    scale = (50e6 / (height * width)) ** 0.5
    large = Image.fromarray(canvas).resize((round(width * scale), round(height * scale)))
    return _saved(large, "JPEG", quality=75, progressive=progressive)


def _digit_in(write_file: Write) -> Callable[[Strokes, str, Generator], bytes]:
    def digit(strokes: Strokes, label: str, rng: Generator) -> bytes:
        side = int(rng.integers(100, 420))
        height, width = side, max(80, round(side * rng.uniform(0.8, 1.25)))
        ink, paper = colors(rng)
        canvas = blank(height, width, paper)
        write(canvas, place(strokes, (4, 4, width - 4, height - 4), rng, (0.4, 0.9)), ink)
        return write_file(canvas, rng)

    return digit


_WRITERS: dict[str, Write] = {
    "values 0 to 1": partial(_few_values, top=1),
    "values 0 to 16": partial(_few_values, top=16),
    "values 0 to 16, 8×8": _like_scikit_learn,
    "10 bits in 16": partial(_deep, bits=10),
    "12 bits in 16": partial(_deep, bits=12),
    "alpha 0 PNG": lambda canvas, rng: _saved(_with_alpha(canvas, 0), "PNG"),
    "alpha 0 BMP": _without_alpha_bmp,
    "patch on transparent canvas": _patch,
    "animated GIF": partial(_animation, kind="GIF"),
    "animated WebP": partial(_animation, kind="WEBP"),
    "animated PNG": partial(_animation, kind="PNG"),
    "JPEG without 40 bytes": partial(_cut_jpeg, missing=40),
    "JPEG without 2 bytes": partial(_cut_jpeg, missing=2),
    "progressive JPEG without 40 bytes": partial(_cut_jpeg, missing=40, progressive=True),
    "TIFF": lambda canvas, rng: _saved(canvas, "TIFF", compression="tiff_lzw"),
    "TIFF of 16 bits": partial(_deep, bits=16, kind="TIFF"),
    "TIFF of several pages": _pages,
    "JPEG of 50 megapixels": partial(_large_jpeg, progressive=False),
    "progressive JPEG of 50 megapixels": partial(_large_jpeg, progressive=True),
}

KINDS = {name: _digit_in(write_file) for name, write_file in _WRITERS.items()}
