"""Renders strokes as a photo: simulates paper, light and camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels

Planes = NDArray[Any]
"""float32 [height, width, 3] (RGB) or [height, width], 0..1. OpenCV's stubs do not know that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """The paper, light and camera of one photo. Lightness is 0..1, 1 for white."""

    paper: tuple[float, float, float] = (0.9, 0.9, 0.87)  # RGB, 0..1
    ink: tuple[float, float, float] = (0.1, 0.1, 0.15)  # RGB, 0..1
    texture: float = 0.02  # standard deviation of the paper's lightness, relative to it
    rules: Literal["none", "lines", "squares"] = "none"
    rule_distance: float = 0.12  # share of the photo's side
    rule_strength: float = 0.4  # share of the light that rules absorb, 0..1
    dryness: float = 0.0  # share of a ballpoint's ink that does not reach the paper, 0..1
    perspective: float = 0.0  # maximum shift of the corners, as a share of the photo's side
    light: float = 0.2  # share of the light that is missing in the darkest corner, 0..1
    shadow: float = 0.0  # share of the light that a shadow with a soft edge takes, 0..1
    blur: float = 0.6  # standard deviation in pixels
    noise: float = 0.01  # standard deviation of a pixel's lightness
    jpeg: int = 80  # quality, 1..100
    seed: int = 0  # of everything random in this photo

    @classmethod
    def random(cls, rng: Generator) -> Photo:
        """A photo with random paper, pen, light and camera, over the range that people use."""
        white = rng.uniform(0.65, 1.0)
        tint = rng.normal(0, 0.03, 3)
        blue = rng.random() < 0.5
        dark = rng.uniform(0.0, 0.3)
        ink = (dark, dark, dark + (rng.uniform(0.1, 0.4) if blue else 0.0))
        marker = rng.random() < 0.4
        red, green, blue_ = np.clip(white + tint, 0, 1)
        return cls(
            paper=(float(red), float(green), float(blue_)),
            ink=ink,
            texture=float(rng.uniform(0.0, 0.03)),
            rules=rng.choice(["none", "lines", "squares"], p=[0.5, 0.3, 0.2]),
            rule_distance=float(rng.uniform(0.07, 0.3)),
            rule_strength=float(rng.uniform(0.1, 0.5)),
            dryness=0.0 if marker else float(rng.uniform(0.0, 0.3)),
            perspective=float(rng.uniform(0.0, 0.08)),
            light=float(rng.uniform(0.0, 0.5)),
            shadow=float(rng.uniform(0.1, 0.45)) if rng.random() < 0.4 else 0.0,
            blur=float(rng.uniform(0.3, 1.4)),
            noise=float(rng.uniform(0.0, 0.03)),
            jpeg=int(rng.integers(40, 96)),
            seed=int(rng.integers(2**32)),
        )


def photograph(coverage: Pixels, photo: Photo) -> Pixels:
    """Render a photo of ink.

    `coverage` is uint8 [height, width], 255 where a pixel is all ink. Returns uint8
    [height, width, 3] (RGB).
    """
    rng = np.random.default_rng(photo.seed)
    amount = coverage.astype(np.float32) / 255
    if photo.dryness:
        amount *= 1 - photo.dryness * (_smooth_noise(rng, coverage.shape, 40) > 0.2) * rng.uniform(
            0.5, 1
        )
    sheet = _sheet(coverage.shape, photo, rng)
    seen: Planes = sheet + (np.array(photo.ink, np.float32) - sheet) * amount[:, :, None]
    seen = _tilt(seen, photo, rng) * _light(coverage.shape, photo, rng)[:, :, None]
    seen = cv2.GaussianBlur(seen, (0, 0), photo.blur)
    seen = seen + rng.standard_normal(seen.shape, np.float32) * photo.noise
    taken: Pixels = np.round(seen.clip(0, 1) * 255).astype(np.uint8)
    return through_jpeg(taken, photo.jpeg)


def through_jpeg(picture: Pixels, quality: int) -> Pixels:
    """Encode a gray or RGB image as JPEG of a quality of 1..100, and decode it again."""
    stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_UNCHANGED))


def _sheet(shape: tuple[int, ...], photo: Photo, rng: Generator) -> Planes:
    """The sheet of paper with its texture and ruled lines."""
    grain = rng.standard_normal(shape, np.float32) * 0.5 + _smooth_noise(rng, shape, 30)
    sheet = np.array(photo.paper, np.float32) * (1 + photo.texture * grain[:, :, None])
    if photo.rules == "none":
        return sheet
    side = max(shape)
    distance = photo.rule_distance * side
    thickness = max(1, round(side * 0.004))
    lines = np.zeros(shape, np.uint8)
    for offset in np.arange(rng.uniform(0, distance), side, distance).round().astype(int).tolist():
        cv2.line(lines, (0, offset), (shape[1], offset), 255, thickness)
        if photo.rules == "squares":
            cv2.line(lines, (offset, 0), (offset, shape[0]), 255, thickness)
    strength = lines.astype(np.float32)[:, :, None] / 255 * photo.rule_strength
    color = np.array([1.0, 0.75, 0.5] if rng.random() < 0.6 else [1.0, 1.0, 1.0], np.float32)
    return sheet * (1 - strength * color)


def _tilt(seen: Planes, photo: Photo, rng: Generator) -> Planes:
    """A perspective view of the sheet, whose edges are extended to fill the image."""
    height, width = seen.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)).astype(np.float32) * photo.perspective * width
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(
        seen, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _light(shape: tuple[int, ...], photo: Photo, rng: Generator) -> Planes:
    """Light that decreases to one side, and the edge of a shadow: float32 [height, width], 0..1."""
    angle, where = rng.uniform(0, 2 * np.pi, 2), rng.uniform(-0.5, 0.5)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    y, x = y / shape[0] - 0.5, x / shape[1] - 0.5
    fall = (x * np.cos(angle[0]) + y * np.sin(angle[0])) / 1.4 + 0.5
    light = 1 - photo.light * fall**2
    if photo.shadow:
        depth = (x * np.cos(angle[1]) + y * np.sin(angle[1]) - where) / rng.uniform(0.02, 0.2)
        light *= 1 - photo.shadow / (1 + np.exp(-np.clip(depth, -30, 30)))
    return light.astype(np.float32)


def _smooth_noise(rng: Generator, shape: tuple[int, ...], cells: int) -> Planes:
    """Smooth noise of standard deviation about 1, with `cells` independent values per side."""
    coarse = rng.standard_normal((cells, cells), np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
