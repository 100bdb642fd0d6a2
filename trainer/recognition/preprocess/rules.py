"""Removing ruled lines from the ink of a photo, as staff lines are removed from scanned music."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels

_BLOCKS = 32  # blocks of columns into which the image is divided to search for lines
_MAX_SLOPE = 0.12  # rise of a line per unit of its length, either way
_SLOPES = 25  # slopes that are tried
_MIN_COVERAGE = 0.85  # share of the blocks that a line runs through
_END_BLOCKS = 2  # a line runs through at least one of this many blocks at either end
_MAX_THICKNESS = 0.03  # of the image's longer side
_STROKE_TO_LINE = 1.6  # ink this many times as strong as the line is a stroke along it
_MAX_LINE_TO_PEN = 0.6  # of the pen's width: thickness of a line that has no parallel ones


def remove_rules(ink: Pixels) -> Pixels:
    """Remove lines that run across the whole image and are thinner than the pen.

    Takes and returns uint8 [height, width], 0 for paper. Strokes that cross a line stay whole.
    """
    ink, horizontal = _remove_horizontal(ink)
    ink, vertical = _remove_horizontal(cv2.transpose(ink))
    bands = cv2.bitwise_or(horizontal, cv2.transpose(vertical))
    return _remove_remains(cv2.transpose(ink), bands)


def _remove_horizontal(ink: Pixels) -> tuple[Pixels, Pixels]:
    """Remove near-horizontal lines; returns the ink, and where lines ran: uint8, 0 or 1."""
    mask = (ink > 0).astype(np.uint8)
    nowhere = np.zeros_like(mask)
    if mask.max(axis=0, initial=0).mean() < _MIN_COVERAGE:
        return ink, nowhere
    lines = _find_lines(mask)
    if not lines:
        return ink, nowhere
    cleaned, bands = ink.copy(), nowhere.copy()
    limit = max(2, round(_MAX_THICKNESS * max(ink.shape)))
    thicknesses = [_erase(cleaned, mask, line, limit, bands) for line in lines]
    if len(lines) > 1:
        return cleaned, bands
    left = (cleaned > 0).astype(np.uint8)
    distance = cv2.distanceTransform(left, cv2.DIST_L2, 3)
    pen = 2 * float(np.percentile(distance[left > 0], 90)) if left.any() else 0.0
    return (cleaned, bands) if thicknesses[0] < _MAX_LINE_TO_PEN * pen else (ink, nowhere)


def _remove_remains(ink: Pixels, bands: Pixels) -> Pixels:
    """Remove components that lie entirely where lines ran, such as the crossings of lines."""
    if not bands.any():
        return ink
    count, labels = cv2.connectedComponents((ink > 0).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[bands == 0]] = 255
    return cv2.bitwise_and(ink, kept[labels])


def _find_lines(mask: Pixels) -> list[tuple[int, float]]:
    """Find lines as (row at the left border, slope), the best covered first, without duplicates."""
    height, width = mask.shape
    blocks = np.array_split(cv2.dilate(mask, np.ones((3, 1), np.uint8)), _BLOCKS, axis=1)
    filled = np.stack([block.mean(axis=1) > 0.5 for block in blocks if block.size], axis=1)
    centers = (np.arange(filled.shape[1]) + 0.5) * width / filled.shape[1]
    padding = int(_MAX_SLOPE * width) + 1
    padded = np.pad(filled, ((padding, padding), (0, 0)))
    found = []
    for slope in np.linspace(-_MAX_SLOPE, _MAX_SLOPE, _SLOPES):
        shifts = padding + np.round(slope * centers).astype(int)
        rows = np.arange(height)[:, None] + shifts
        inside = (rows >= padding) & (rows < padding + height)
        hits = padded[rows, np.arange(filled.shape[1])]
        share = hits.sum(axis=1) / np.maximum(inside.sum(axis=1), filled.shape[1] // 2)
        whole = (share >= _MIN_COVERAGE) & _spans_image(hits, inside)
        found += [(float(share[row]), int(row), float(slope)) for row in np.flatnonzero(whole)]
    lines: list[tuple[int, float]] = []
    min_distance = max(4, _MAX_THICKNESS * max(mask.shape))
    for _, row, slope in sorted(found, reverse=True):
        middle = row + slope * width / 2
        if all(abs(middle - (r + s * width / 2)) > min_distance for r, s in lines):
            lines.append((row, slope))
    return lines


def _spans_image(hits: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which lines reach both ends of the image, as strokes do not: bool [rows].

    `hits` and `inside` are bool [rows, blocks]: ink on the line, and the line within the image.
    """
    blocks = np.arange(hits.shape[1])
    first = np.where(inside, blocks, hits.shape[1]).min(axis=1, keepdims=True)
    last = np.where(inside, blocks, -1).max(axis=1, keepdims=True)
    begins = hits & (blocks < first + _END_BLOCKS)
    ends = hits & (blocks > last - _END_BLOCKS)
    return np.asarray(begins.any(axis=1) & ends.any(axis=1))


def _erase(ink: Pixels, mask: Pixels, line: tuple[int, float], limit: int, bands: Pixels) -> float:
    """Erase a line from `ink`, in place, where no stroke crosses it, and mark it in `bands`.

    `limit` bounds its half thickness. Returns its thickness in pixels.
    """
    height, width = mask.shape
    columns = np.arange(width)
    center = np.round(line[0] + line[1] * columns).astype(int)
    rows = center + np.arange(-limit, limit + 1)[:, None]
    band = mask[rows.clip(0, height - 1), columns] * ((rows >= 0) & (rows < height))
    thickness = float(np.median(band.sum(axis=0)))
    reach = min(limit, int(thickness) + 2)
    band, rows = (part[limit - reach : limit + reach + 1] for part in (band, rows))
    wider = center + np.arange(-reach - 2, reach + 3)[:, None]
    bands[wider.clip(0, height - 1), columns] = 1
    crossed = (band[0] | band[-1]).astype(bool)
    across = np.broadcast_to(columns, rows.shape)
    strength = ink[rows.clip(0, height - 1), across]
    on_line = strength[(band > 0) & ~crossed]
    darker = strength > _STROKE_TO_LINE * float(np.median(on_line) if on_line.size else 255)
    inside = (rows >= 0) & (rows < height) & ~crossed & ~darker
    ink[rows[inside], across[inside]] = 0
    return thickness
