"""Taking ruled lines out of a photo's ink, as staff lines are taken out of scanned music."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.preprocess.arrays import Pixels

_BLOCKS = 32  # columns in which a line is looked for
_STEEPEST = 0.12  # a line rises or falls by this much of its length at most
_SLOPES = 25
_COVERED = 0.85  # share of the blocks that a line runs through
_END = 2  # blocks at either end, in one of which the line is there
_THICKEST = 0.03  # of the picture's longer side
_DARKER = 1.6  # times as dark as the line, and it is a stroke that runs along it
_THINNER = 0.6  # of the other ink's width: a single line must be thinner than this


def without_rules(ink: Pixels) -> Pixels:
    """Take lines that run across the whole picture, and are thinner than the pen, out of the ink.

    uint8 [height, width], 0 for paper. Where a stroke crosses a line, the stroke stays whole.
    """
    ink, lying = _without_horizontal(ink)
    ink, standing = _without_horizontal(cv2.transpose(ink))
    return _without_crumbs(cv2.transpose(ink), cv2.bitwise_or(lying, cv2.transpose(standing)))


def _without_horizontal(ink: Pixels) -> tuple[Pixels, Pixels]:
    """Ink without its lying lines, and where those ran: uint8, 0 or 1."""
    mask = (ink > 0).astype(np.uint8)
    nowhere = np.zeros_like(mask)
    if mask.max(axis=0, initial=0).mean() < _COVERED:
        return ink, nowhere
    lines = _lines(mask)
    if not lines:
        return ink, nowhere
    cleaned, bands = ink.copy(), nowhere.copy()
    limit = max(2, round(_THICKEST * max(ink.shape)))
    thicknesses = [_erase(cleaned, mask, line, limit, bands) for line in lines]
    if len(lines) > 1:
        return cleaned, bands
    left = (cleaned > 0).astype(np.uint8)
    distance = cv2.distanceTransform(left, cv2.DIST_L2, 3)
    pen = 2 * float(np.percentile(distance[left > 0], 90)) if left.any() else 0.0
    return (cleaned, bands) if thicknesses[0] < _THINNER * pen else (ink, nowhere)


def _without_crumbs(ink: Pixels, bands: Pixels) -> Pixels:
    """Drop the pieces that lie wholly where lines ran: what is left of these, where they cross."""
    if not bands.any():
        return ink
    count, labels = cv2.connectedComponents((ink > 0).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[bands == 0]] = 255
    return cv2.bitwise_and(ink, kept[labels])


def _lines(mask: Pixels) -> list[tuple[int, float]]:
    """Lines as (row at the left edge, slope), the surest first, none of them twice."""
    height, width = mask.shape
    blocks = np.array_split(cv2.dilate(mask, np.ones((3, 1), np.uint8)), _BLOCKS, axis=1)
    filled = np.stack([block.mean(axis=1) > 0.5 for block in blocks if block.size], axis=1)
    centres = (np.arange(filled.shape[1]) + 0.5) * width / filled.shape[1]
    room = int(_STEEPEST * width) + 1
    padded = np.pad(filled, ((room, room), (0, 0)))
    found = []
    for slope in np.linspace(-_STEEPEST, _STEEPEST, _SLOPES):
        shifts = room + np.round(slope * centres).astype(int)
        rows = np.arange(height)[:, None] + shifts
        inside = (rows >= room) & (rows < room + height)
        hits = padded[rows, np.arange(filled.shape[1])]
        share = hits.sum(axis=1) / np.maximum(inside.sum(axis=1), filled.shape[1] // 2)
        whole = (share >= _COVERED) & _from_end_to_end(hits, inside)
        found += [(float(share[row]), int(row), float(slope)) for row in np.flatnonzero(whole)]
    lines: list[tuple[int, float]] = []
    apart = max(4, _THICKEST * max(mask.shape))
    for _, row, slope in sorted(found, reverse=True):
        middle = row + slope * width / 2
        if all(abs(middle - (r + s * width / 2)) > apart for r, s in lines):
            lines.append((row, slope))
    return lines


def _from_end_to_end(hits: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which lines, [rows, blocks], are there at both of their ends; strokes stop before these."""
    blocks = np.arange(hits.shape[1])
    first = np.where(inside, blocks, hits.shape[1]).min(axis=1, keepdims=True)
    last = np.where(inside, blocks, -1).max(axis=1, keepdims=True)
    begins = hits & (blocks < first + _END)
    ends = hits & (blocks > last - _END)
    return np.asarray(begins.any(axis=1) & ends.any(axis=1))


def _erase(ink: Pixels, mask: Pixels, line: tuple[int, float], limit: int, bands: Pixels) -> float:
    """Wipe out a line, in place, where no stroke crosses it; give back how thick it is.

    Where it ran is marked in `bands`.
    """
    height, width = mask.shape
    columns = np.arange(width)
    centre = np.round(line[0] + line[1] * columns).astype(int)
    rows = centre + np.arange(-limit, limit + 1)[:, None]
    band = mask[rows.clip(0, height - 1), columns] * ((rows >= 0) & (rows < height))
    thickness = float(np.median(band.sum(axis=0)))
    reach = min(limit, int(thickness) + 2)
    band, rows = (part[limit - reach : limit + reach + 1] for part in (band, rows))
    wider = centre + np.arange(-reach - 2, reach + 3)[:, None]
    bands[wider.clip(0, height - 1), columns] = 1
    crossed = (band[0] | band[-1]).astype(bool)
    across = np.broadcast_to(columns, rows.shape)
    strength = ink[rows.clip(0, height - 1), across]
    on_line = strength[(band > 0) & ~crossed]
    darker = strength > _DARKER * float(np.median(on_line) if on_line.size else 255)
    inside = (rows >= 0) & (rows < height) & ~crossed & ~darker
    ink[rows[inside], across[inside]] = 0
    return thickness
