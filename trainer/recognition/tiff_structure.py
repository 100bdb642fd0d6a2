"""The structure of a TIFF file: the work and memory that decoding its first page takes."""

from __future__ import annotations

import struct
from math import ceil

MAX_TAGS = 1_000
"""Largest number of entries in the directory of the page; programs write ten to fifty."""

MAX_PIECES = 10_000
"""Largest number of strips and tiles, each of which is decoded by itself."""

MAX_PIECE_PIXELS = 50_000_000
"""Largest number of pixels in all strips or tiles: the last of them extend beyond the picture."""

MAX_SAMPLES = 5
"""Largest number of samples of a pixel: those of CMYK and alpha."""

_WIDTH, _HEIGHT, _SAMPLES, _ROWS_PER_STRIP = 256, 257, 277, 278
_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 324, 325
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_FORMATS = {1: "B", 3: "H", 4: "I"}  # of a value, by its type


def is_too_complex(content: bytes) -> bool:
    """Whether decoding the first page takes far more than usual.

    Of a tag that is there twice each value is looked at, as decoders differ in which they take.
    """
    try:
        order = "<" if content.startswith(b"II") else ">"
        (at,) = struct.unpack_from(order + "I", content, 4)
        (count,) = struct.unpack_from(order + "H", content, at)
        if count > MAX_TAGS:
            return True
        least: dict[int, int] = {}
        most: dict[int, int] = {}
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, length = struct.unpack_from(order + "HHI", content, entry)
            if tag in {_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS}:
                value = length
            elif kind in _FORMATS:
                (value,) = struct.unpack_from(order + _FORMATS[kind], content, entry + 8)
            else:
                continue
            least[tag] = min(value, least.get(tag, value))
            most[tag] = max(value, most.get(tag, value))
    except struct.error:  # the decoder tells
        return False
    return _takes_too_much(least, most)


def _takes_too_much(least: dict[int, int], most: dict[int, int]) -> bool:
    width, height = most.get(_WIDTH, 0), most.get(_HEIGHT, 0)
    samples = most.get(_SAMPLES, 1)
    listed = max(most.get(tag, 0) for tag in (_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS))
    rows = max(1, min(least.get(_ROWS_PER_STRIP, height), height))
    strips = ceil(height / rows)
    pieces, pixels = strips, strips * rows * width
    if _TILE_WIDTH in most or _TILE_HEIGHT in most:
        across, down = (
            ceil(whole / max(1, least.get(tag, 0)))
            for whole, tag in ((width, _TILE_WIDTH), (height, _TILE_HEIGHT))
        )
        pieces = max(pieces if listed else 0, across * down)
        tile = max(1, most.get(_TILE_WIDTH, 0)) * max(1, most.get(_TILE_HEIGHT, 0))
        pixels = max(pixels, across * down * tile)
    return (
        samples > MAX_SAMPLES
        or max(listed, pieces * samples) > MAX_PIECES
        or pixels > MAX_PIECE_PIXELS
    )
