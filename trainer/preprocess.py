"""From any picture of one digit to the 28×28 pixels that a model sees.

MNIST's own recipe (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): the ink's
bounding box is scaled into 20×20 keeping its aspect, and its centre of mass is put in the middle of
a 28×28 field, light ink on black. What comes before that recipe is ours: people send dark ink on
light paper, light on dark, colours, transparency and every pen width.

Training on drawings, evaluation, serving and the preview of "what the model saw" all call
`preprocess`. There must never be a second copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[Any]
"""uint8, always; OpenCV's stubs know no more than that it is an array."""

VERSION = 1
"""Written into every bundle. Raise it whenever the same picture may give other pixels."""

SIDE = 28
BOX = 20

_LARGEST_SIDE = 1024  # larger pictures are shrunk first: more detail than this decides nothing
_WORKING_SIDE = 80  # long side of the crop on which the stroke's width is judged
_FAINTEST_INK = 24  # of 255; paper that differs less than this from itself is blank
_INK_SHARE = 0.15  # of the strongest ink; fainter pixels do not widen the bounding box
_THINNEST_STROKE = 1.6  # in pixels of the 20×20 box; thinner strokes are thickened to this
_DOT = 0.58  # stroke width (and its blur) as a share of the box: discs have more, digits less
_OPAQUE = 128
_LEVELS = np.arange(256)


class EmptyDrawing(ValueError):
    """There is no ink in the picture, or no more than a dot."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `preprocess` made of one picture.

    `pixels` is uint8 [28, 28], 0 for paper and 255 for ink. `box` is (x, y, width, height) of the
    ink in pixels of the picture that came in. `dark_on_light` tells which way round it came.
    """

    pixels: Pixels
    box: tuple[int, int, int, int]
    dark_on_light: bool


def preprocess(picture: Image.Image | Pixels) -> Prepared:
    """Turn a picture into the 28×28 pixels of MNIST's recipe.

    `picture` is a Pillow image of any mode, or uint8 of shape [height, width] (grey),
    [height, width, 3] (RGB) or [height, width, 4] (RGBA). Raises `EmptyDrawing` when it holds no
    ink or no more than a dot.
    """
    array = _as_array(picture) if isinstance(picture, Image.Image) else picture
    array, shrunk_by = _shrink(array)
    ink, dark_on_light = find_ink(array)
    strongest = int(ink.max(initial=0))
    if strongest < _FAINTEST_INK:
        raise EmptyDrawing("no ink found in the picture")
    x, y, width, height = cv2.boundingRect((ink > _INK_SHARE * strongest).astype(np.uint8))
    digit = _fit_into_box(ink[y : y + height, x : x + width])
    left, top = round(x * shrunk_by), round(y * shrunk_by)
    box = (left, top, round(width * shrunk_by), round(height * shrunk_by))
    return Prepared(_centre_by_mass(digit), box, dark_on_light)


def find_ink(array: Pixels) -> tuple[Pixels, bool]:
    """Separate ink from paper: uint8 [height, width], 0 for paper, and whether the ink is darker.

    The paper's colour is the median of the picture's outermost pixels. Ink is whatever differs from
    it in any colour channel, so that red on blue of the same lightness is found too; of the two
    directions, darker and lighter, the one with more energy is the ink and the other is noise.
    """
    if array.ndim == 3 and array.shape[2] == 4:
        alpha = array[:, :, 3]
        if _drawing_is_alpha(array):
            return alpha, _mean_lightness(array, alpha) < 128
        array = _fill_transparent(array)
    channels = cv2.split(array)
    differences = [_from_paper(channel) for channel in channels]
    darker = reduce(cv2.max, [darker for darker, _ in differences])
    lighter = reduce(cv2.max, [lighter for _, lighter in differences])
    dark_on_light = cv2.norm(darker) >= cv2.norm(lighter)
    return (darker if dark_on_light else lighter), dark_on_light


def _from_paper(channel: Pixels) -> tuple[Pixels, Pixels]:
    """How much darker and how much lighter each pixel is than the paper, in one colour channel."""
    edge = np.concatenate([channel[0], channel[-1], channel[:, 0], channel[:, -1]])
    paper = int(np.partition(edge, len(edge) // 2)[len(edge) // 2])
    lighter = (_LEVELS - paper).clip(0).astype(np.uint8)
    darker = (paper - _LEVELS).clip(0).astype(np.uint8)
    return cv2.LUT(channel, darker), cv2.LUT(channel, lighter)


def _as_array(image: Image.Image) -> Pixels:
    """Pillow image of any mode to uint8 grey, RGB or RGBA."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(np.asarray(image))
    if image.mode not in ("L", "RGB", "RGBA"):
        if image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info:
            image = image.convert("RGBA")
        else:
            image = image.convert("L" if image.mode == "1" else "RGB")
    elif "transparency" in image.info:  # one colour of an L or RGB picture declared transparent
        image = image.convert("RGBA")
    return np.asarray(image)


def _eight_bits(deep: NDArray[Any]) -> Pixels:
    """Deeper integers, or floats, to uint8: the range of 8 or 16 bits, or else the values' own."""
    if deep.dtype.kind == "f":
        deep = np.nan_to_num(deep, posinf=0, neginf=0)
    deep = deep.clip(0)
    top = float(deep.max(initial=0))
    if deep.dtype.kind != "f" and 255 < top <= 65535:
        return (deep >> 8).astype(np.uint8)
    return (deep * (255 / max(top, 255.0))).astype(np.uint8)


def _shrink(array: Pixels) -> tuple[Pixels, float]:
    longest = max(array.shape[:2])
    if longest <= _LARGEST_SIDE:
        return array, 1.0
    scale = _LARGEST_SIDE / longest
    height, width = (max(1, round(side * scale)) for side in array.shape[:2])
    return cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA), 1 / scale


def _mean_lightness(rgba: Pixels, weight: Pixels) -> float:
    total = float(weight.sum(dtype=np.int64))
    if not total:
        return 0.0
    return float((rgba[:, :, :3].mean(axis=2) * weight).sum() / total)


def _drawing_is_alpha(rgba: Pixels) -> bool:
    """Whether the transparency itself is the paper, as on a canvas that was never filled.

    So it is when all that is opaque has one shade, or when little is opaque at all; otherwise the
    paper is part of the picture and the transparency only surrounds it.
    """
    opaque = rgba[:, :, 3] >= _OPAQUE
    share = float(opaque.mean())
    if share == 1.0:
        return False
    if share < 0.35:
        return True
    low, high = np.percentile(rgba[:, :, :3][opaque], (2, 98), axis=0)
    return bool((high - low).max() < _FAINTEST_INK)


def _fill_transparent(rgba: Pixels) -> Pixels:
    """Flatten on the commonest colour of the opaque part, which is its paper."""
    colours, alpha = rgba[:, :, :3], rgba[:, :, 3]
    if alpha.min() == 255:
        return colours
    paper = np.median(colours[alpha >= _OPAQUE], axis=0)
    opacity = alpha[:, :, None] / np.float32(255)
    return (colours * opacity + paper * (1 - opacity)).astype(np.uint8)


def _fit_into_box(crop: Pixels) -> Pixels:
    """Scale the crop of ink so that its longer side is 20, with strokes thick enough to survive.

    Raises `EmptyDrawing` for a dot.
    """
    longest = max(crop.shape)
    if longest > _WORKING_SIDE:
        crop = _resize(crop, _WORKING_SIDE / longest)
    crop = _stretch(crop)
    width = _stroke_width(crop)
    if width + 1.5 > _DOT * max(crop.shape):
        raise EmptyDrawing("there is only a dot in the picture")
    crop = _thicken(crop, width)
    return _stretch(_resize(crop, BOX / max(crop.shape)))


def _resize(ink: Pixels, scale: float) -> Pixels:
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    if (height, width) == ink.shape:
        return ink
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(ink, (width, height), interpolation=method)


def _stretch(ink: Pixels) -> Pixels:
    return cv2.convertScaleAbs(ink, alpha=255 / max(1, int(ink.max(initial=0))))


def _stroke_width(ink: Pixels) -> float:
    """Estimate the mean width of the strokes, in pixels.

    Over a stroke of width w the distance to its edge runs from 0 to w/2 and back, so its mean is
    w/4.
    """
    stroke = cv2.copyMakeBorder((ink > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distance = cv2.distanceTransform(stroke, cv2.DIST_L2, 3)
    return 4 * (float(distance.sum()) / max(1, int(np.count_nonzero(distance))) - 0.5)


def _thicken(ink: Pixels, width: float) -> Pixels:
    """Dilate strokes that would vanish in the 20×20 box."""
    missing = round(_THINNEST_STROKE * max(ink.shape) / BOX - width)
    if missing < 1:
        return ink
    border = missing // 2 + 1
    ink = cv2.copyMakeBorder(ink, border, border, border, border, cv2.BORDER_CONSTANT)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
    return cv2.dilate(ink, brush)


def _centre_by_mass(digit: Pixels) -> Pixels:
    """Place the digit in 28×28 with its centre of mass in the middle, never off the edge."""
    moments = cv2.moments(digit)
    height, width = digit.shape
    centre_x, centre_y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    left = min(max(round(SIDE / 2 - centre_x), 0), SIDE - width)
    top = min(max(round(SIDE / 2 - centre_y), 0), SIDE - height)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = digit
    return field
