"""Drawings and screenshots with more than a digit in them."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from tests.kinds.pen import (
    Canvas,
    Color,
    as_file,
    between,
    blank,
    chance,
    colors,
    cover,
    oval,
    paint,
    place,
    wobbly,
    write,
)
from trainer.recognition.strokes import Strokes


def _sides(rng: Generator) -> tuple[int, int]:
    side = int(rng.integers(100, 420))
    return side, max(80, round(side * rng.uniform(0.8, 1.25)))


def _inner(height: int, width: int, margin: float) -> tuple[float, float, float, float]:
    """The region of a canvas within a margin in pixels."""
    return margin, margin, width - margin, height - margin


def plain(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """Nothing but the digit."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    write(canvas, place(strokes, _inner(height, width, 4), rng, (0.4, 0.9)), ink)
    return as_file(canvas, rng)


def _frame(thickness: tuple[int, int]):
    def framed(strokes: Strokes, label: str, rng: Generator) -> bytes:
        """A frame along the picture's edge."""
        height, width = _sides(rng)
        ink, paper = colors(rng)
        canvas = blank(height, width, paper)
        thick = int(rng.integers(thickness[0], thickness[1] + 1))
        region = _inner(height, width, thick + 0.03 * height)
        write(canvas, place(strokes, region, rng, (0.45, 0.95)), ink)
        color = between(ink, paper, 1.0 if chance(rng, 0.5) else float(rng.uniform(0.3, 1)))
        for edge in (canvas[:thick], canvas[-thick:], canvas[:, :thick], canvas[:, -thick:]):
            edge[:] = color
        return as_file(canvas, rng)

    return framed


def box(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A box, printed or drawn by hand, around the digit within the picture."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    left, right = rng.uniform(0.05, 0.2) * width, rng.uniform(0.8, 0.95) * width
    top, bottom = rng.uniform(0.05, 0.2) * height, rng.uniform(0.8, 0.95) * height
    pen = float(rng.uniform(1, max(2.0, 0.025 * height)))
    space = pen + 0.02 * height
    region = (left + space, top + space, right - space, bottom - space)
    write(canvas, place(strokes, region, rng, (0.55, 0.95)), ink)
    color = between(ink, paper, 1.0 if chance(rng, 0.5) else float(rng.uniform(0.35, 1)))
    if chance(rng, 0.4):
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        line = wobbly(corners, rng, 0.006 * height)
        paint(canvas, cover([line], pen, (height, width)), color)
    else:
        image = Image.fromarray(canvas)
        radius = float(rng.uniform(0.03, 0.12)) * height if chance(rng, 0.3) else 0
        draw = ImageDraw.Draw(image)
        corners_of = (round(left), round(top), round(right), round(bottom))
        draw.rounded_rectangle(corners_of, radius, None, color, max(1, round(pen)))
        canvas = np.array(image)
    return as_file(canvas, rng)


def cell(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A cell cut out of a table, with its lines along two of the picture's edges."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    write(canvas, place(strokes, _inner(height, width, 0.08 * height), rng, (0.55, 0.95)), ink)
    color = between(ink, paper, float(rng.uniform(0.35, 1)))
    edges = [(0, 1), (0, 3), (2, 1), (2, 3), (0, 2), (1, 3)][int(rng.integers(6))]
    for edge in edges:  # left, top, right, bottom
        at, thick = int(rng.integers(0, max(2, height // 30))), int(rng.integers(1, 4))
        lines = slice(at, at + thick)
        turned = np.rot90(canvas, -edge)  # a view, in which the edge is on the left
        turned[:, lines] = color
    return as_file(canvas, rng)


def letterbox(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """Bars above and below the picture, or beside it."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    write(canvas, place(strokes, _inner(height, width, 0.04 * height), rng, (0.5, 0.95)), ink)
    gray = int(rng.choice([0, 0, 0, 30, 128, 255]))
    color: Color = (gray, gray, gray)
    if max(abs(gray - each) for each in paper) < 40:
        color = ink
    first, second = (round(float(rng.uniform(0.05, 0.35)) * height) for _ in range(2))
    second = first if chance(rng, 0.7) else second
    if chance(rng, 0.5):
        bars = [blank(each, width, color) for each in (first, second)]
        canvas = np.concatenate([bars[0], canvas, bars[1]])
    else:
        bars = [blank(height, each, color) for each in (first, second)]
        canvas = np.concatenate([bars[0], canvas, bars[1]], axis=1)
    return as_file(canvas, rng)


def _ruled(canvas: Canvas, color: Color, rng: Generator, squares: bool) -> None:
    height, width = canvas.shape[:2]
    distance = max(7.0, float(rng.uniform(0.06, 0.25)) * height)
    thick = 1 if height < 250 or chance(rng, 0.6) else 2
    for y in np.arange(rng.uniform(0, distance), height, distance).astype(int).tolist():
        canvas[y : y + thick] = color
    if squares:
        for x in np.arange(rng.uniform(0, distance), width, distance).astype(int).tolist():
            canvas[:, x : x + thick] = color


def _note(colors_of_rules: list[Color], squares: bool):
    def note(strokes: Strokes, label: str, rng: Generator) -> bytes:
        """A page of a note app: flat paper with rules, and the digit on top."""
        height, width = _sides(rng)
        paper = [(255, 255, 255), (255, 255, 255), (252, 250, 240), (245, 245, 245)]
        canvas = blank(height, width, paper[int(rng.integers(4))])
        _ruled(canvas, colors_of_rules[int(rng.integers(len(colors_of_rules)))], rng, squares)
        dark = int(rng.integers(0, 60))
        ink = (dark, dark, dark) if chance(rng, 0.7) else (dark, dark, int(rng.integers(100, 200)))
        write(canvas, place(strokes, _inner(height, width, 4), rng, (0.4, 0.9)), ink)
        return as_file(canvas, rng)

    return note


BLUES: list[Color] = [(170, 200, 240), (120, 170, 230), (190, 215, 245), (90, 140, 220)]
GRAYS: list[Color] = [(200, 200, 200), (220, 220, 220), (170, 170, 170), (150, 150, 150)]


def underlined(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A line under the digit, drawn with the same pen."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    region = (0.15 * width, 0.05 * height, 0.85 * width, 0.8 * height)
    drawn = place(strokes, region, rng, (0.5, 0.95))
    write(canvas, drawn, ink)
    left, top, right, bottom = drawn.box
    tall = bottom - top
    y = min(bottom + drawn.pen / 2 + rng.uniform(-0.03, 0.2) * tall, height - drawn.pen)
    over = rng.uniform(0.0, 0.4, 2) * max(right - left, 0.5 * tall)
    slope = rng.normal(0, 0.03) * (right - left)
    ends = [(max(2.0, left - over[0]), y), (min(width - 2.0, right + over[1]), y + slope)]
    line = wobbly(ends, rng, 0.006 * tall)
    paint(canvas, cover([line], drawn.pen, (height, width)), ink)
    return as_file(canvas, rng)


def circled(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A circle around the digit, not always closed, drawn with the same pen."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    drawn = place(strokes, _inner(height, width, 0.25 * min(height, width)), rng, (0.7, 1.0))
    write(canvas, drawn, ink)
    left, top, right, bottom = drawn.box
    space = drawn.pen + rng.uniform(0.05, 0.2) * (bottom - top)
    across = max((right - left) / 2 + space, 0.6 * ((bottom - top) / 2 + space)) * 1.25
    along = ((bottom - top) / 2 + space) * 1.15
    x, y = (left + right) / 2, (top + bottom) / 2
    around = (x - across, y - along, x + across, y + along)
    turn = 2 * np.pi + rng.uniform(-0.25, 0.4)
    line = oval(around, rng, 0.025, rng.uniform(0, 2 * np.pi), turn)
    paint(canvas, cover([line], drawn.pen, (height, width)), ink)
    return as_file(canvas, rng)


def hollow(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """The digit's outline, as outlined letters are drawn."""
    height, width = _sides(rng)
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    drawn = place(strokes, _inner(height, width, 8), rng, (0.6, 0.95), (0.12, 0.2))
    thick = (cover(drawn.lines, drawn.pen, (height, width)) > 0.5).astype(np.uint8)
    lines = [
        contour[:, 0].astype(np.float64)
        for contour in cv2.findContours(thick, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
        if len(contour) > 12
    ]
    outline = [np.vstack([line, line[:1]]) for line in lines]
    pen = float(rng.uniform(1, max(1.5, 0.22 * drawn.pen)))
    paint(canvas, cover(outline, pen, (height, width)), ink)
    return as_file(canvas, rng)


def status_bar(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A phone's screenshot: clock and symbols above, the digit drawn with a thin pen."""
    width = int(rng.choice([360, 540, 720, 1080]))
    height = round(width * rng.uniform(1.7, 2.2))
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    bar = round(0.07 * width)
    region = (0.1 * width, 3.0 * bar, 0.9 * width, height - 2.0 * bar)
    drawn = place(strokes, region, rng, (0.35, 0.95), (0.008, 0.03))
    write(canvas, drawn, ink)
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(0.5 * bar)
    clock = f"{rng.integers(1, 24)}:{rng.integers(10, 60)}"
    draw.text((0.06 * width, 0.2 * bar), clock, ink, font)
    x, y = 0.92 * width, 0.3 * bar
    draw.rectangle((x - 0.5 * bar, y, x, y + 0.35 * bar), None, ink, max(1, bar // 20))
    draw.rectangle((x - 0.45 * bar, y + 2, x - 0.2 * bar, y + 0.35 * bar - 2), ink)
    for step in range(4):
        left, high = x - (1.4 - 0.2 * step) * bar, (0.1 + 0.08 * step) * bar
        draw.rectangle((left, y + 0.35 * bar - high, left + 0.1 * bar, y + 0.35 * bar), ink)
    if chance(rng, 0.5):
        draw.text((0.7 * width, 0.2 * bar), f"{rng.integers(10, 99)}%", ink, font)
    if chance(rng, 0.3):  # the gesture bar
        draw.rectangle((0.35 * width, height - 8, 0.65 * width, height - 5), ink)
    return as_file(np.array(image), rng)


def tiny(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A picture of 8×8 pixels, filled by the digit."""
    drawn = place(strokes, (8, 8, 248, 248), rng, (0.9, 1.0), (0.1, 0.16))
    share = cover(drawn.lines, drawn.pen, (256, 256))
    small = np.asarray(
        Image.fromarray((share * 255).astype(np.uint8)).resize((8, 8), Image.Resampling.BOX)
    )
    level = small / max(1, int(small.max()))
    canvas = blank(8, 8, (0, 0, 0))
    ink, paper = ((255,) * 3, (0,) * 3) if chance(rng, 0.5) else ((0,) * 3, (255,) * 3)
    canvas[:] = paper
    paint(canvas, level, ink)
    file = io.BytesIO()
    Image.fromarray(canvas[:, :, 0]).save(file, "PNG")
    return file.getvalue()


def speckle(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A strong digit on a ground of strong noise."""
    height, width = _sides(rng)
    loud = float(rng.uniform(40, 110))
    canvas = blank(height, width, (0, 0, 0))
    ground = rng.uniform(0, loud, (height, width))
    if chance(rng, 0.5):
        ground = np.where(rng.random((height, width)) < rng.uniform(0.05, 0.4), ground, 0)
    canvas[:] = ground[:, :, None]
    write(
        canvas, place(strokes, _inner(height, width, 4), rng, (0.5, 0.9), (0.07, 0.14)), (255,) * 3
    )
    return as_file(255 - canvas if chance(rng, 0.5) else canvas, rng)


KINDS = {
    "plain": plain,
    "frame 1": _frame((1, 1)),
    "frame 3": _frame((3, 3)),
    "frame thick": _frame((5, 16)),
    "box": box,
    "cell": cell,
    "letterbox": letterbox,
    "squares": _note([*BLUES, *GRAYS], squares=True),
    "rules blue": _note(BLUES, squares=False),
    "rules gray": _note(GRAYS, squares=False),
    "underlined": underlined,
    "circled": circled,
    "hollow": hollow,
    "status bar": status_bar,
    "tiny": tiny,
    "speckle": speckle,
}
