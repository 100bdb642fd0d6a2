"""`make examples`: writes the examples of the drawing page, from the trainer's stroke templates."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.photo import Photo
from trainer.data.strokes.templates import TEMPLATES, Stroke, Style
from trainer.recognition.strokes import Strokes, catmull_rom

SIDE = 1000
"""Of the sheet; coordinates are whole thousandths of it."""

NARROW = 0.75
"""Width of people's digits, where the templates' is 1."""

STAR: Style = [[
    (.5, 0), (.79, .9), (.79, .9), (.02, .35), (.02, .35), (.98, .35), (.98, .35), (.21, .9),
    (.21, .9), (.5, 0),
]]  # fmt: skip

PHOTO = Photo(
    ink=(0.1, 0.12, 0.35), rules="squares", rule_distance=0.08, rule_strength=0.25,
    perspective=0.03, light=0.3, shadow=0.2, blur=0.7, noise=0.008, texture=0.01, jpeg=95, seed=2,
)  # fmt: skip


def examples() -> dict[str, list[str]]:
    """SVG path data of each stroke on the sheet, by what will be read, or a word for no digit.

    The last one stands for the photo.
    """
    drawn = {
        "7": [TEMPLATES[7]["crossed"]],
        "4": [TEMPLATES[4]["open"]],
        "0": [TEMPLATES[0]["slashed"]],
        "1": [TEMPLATES[1]["flag"]],
        "471": [TEMPLATES[4]["open"], TEMPLATES[7]["crossed"], TEMPLATES[1]["flag"]],
        "star": [STAR],
        "365": _number(),
    }
    return {value: [_path(stroke) for stroke in _placed(styles)] for value, styles in drawn.items()}


def photo() -> bytes:
    """The JPEG of a number on squared paper."""
    lines: Strokes = [
        np.vstack([catmull_rom(piece) for piece in _pieces(stroke)]) / SIDE
        for stroke in _placed(_number())
    ]
    picture = render(lines, RenderStyle(side=480, size=0.7, pen=9, photo=PHOTO, turn=-0.06))
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 55])[1].tobytes()


def _number() -> list[Style]:
    return [TEMPLATES[3]["round"], TEMPLATES[6]["bowed"], TEMPLATES[5]["body and bar"]]


def _placed(styles: list[Style]) -> list[Stroke]:
    """The strokes of digits in a row, in the middle of the sheet."""
    height = 600 if len(styles) == 1 else 420
    strokes: list[np.ndarray] = []
    edge = 0.0
    for style in styles:
        points = np.vstack([np.array(stroke) for stroke in style])
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = height / extent[1] * np.array([NARROW, 1])
        strokes += [(np.array(stroke) - low) * scale + (edge, 0) for stroke in style]
        edge += float(extent[0] * scale[0]) + 90
    every = np.vstack(strokes)
    middle = (every.min(axis=0) + every.max(axis=0)) / 2
    return [[(float(x), float(y)) for x, y in stroke - middle + SIDE / 2] for stroke in strokes]


def _pieces(stroke: Stroke) -> list[np.ndarray]:
    """The smooth pieces of a stroke, which ends where a point is given twice."""
    points = np.array(stroke)
    doubled = (points[1:] == points[:-1]).all(axis=1)
    return np.split(points, np.flatnonzero(doubled) + 1)


def _path(stroke: Stroke) -> str:
    """A stroke as path data: the same Catmull-Rom splines, as Bézier curves."""
    at = np.round(stroke[0])
    parts = [f"M{at[0]:.0f} {at[1]:.0f}"]
    for piece in _pieces(stroke):
        before = np.vstack([2 * piece[:1] - piece[1:2], piece, 2 * piece[-1:] - piece[-2:-1]])
        for p0, p1, p2, p3 in zip(before, before[1:], before[2:], before[3:], strict=False):
            corners = np.round([p1 + (p2 - p0) / 6, p2 - (p3 - p1) / 6, p2])
            is_straight = len(piece) == 2
            shown = corners[2:] if is_straight else corners
            numbers = " ".join(f"{n:.0f}" for n in (shown - at).ravel())
            parts.append(("l" if is_straight else "c") + numbers.replace(" -", "-"))
            at = corners[2]
    return "".join(parts)


def main(root: Path) -> None:
    """Write both files into the checkout `root`."""
    text = json.dumps(examples(), indent=1) + "\n"
    (root / "webapp/pages/examples.json").write_text(text)
    (root / "static/example.jpg").write_bytes(photo())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
