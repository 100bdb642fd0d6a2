"""The structure of an image file: whether decoding it would take far more work than usual.

A small file may ask for much work: thousands of scans of a JPEG, a million empty chunks of a PNG,
each handled by itself. Everything here looks at no more parts than the limits allow, and leaves
what is damaged to the decoder.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from trainer.recognition import jpeg_structure, tiff_structure

MAX_PARTS = 10_000
"""Largest number of chunks, blocks or other parts; encoders make a few per 8 kB."""

MAX_GIF_PARTS = 100_000
"""The same for all the frames of a GIF: a file of 10 MB has 40,000 blocks of pixels."""

MAX_FRAMES = 1_000
MAX_FRAME_PIXELS = 50_000_000
"""Largest number of frames that are decoded of an animation, and of pixels in them."""

MAX_METADATA = 100
"""Largest number of chunks in a PNG that are not its pixels."""

MAX_RUN_LENGTH_BYTES = 1024 * 1024
"""Largest BMP with run-length encoding, which Pillow decodes in Python."""

_PIXEL_CHUNKS = {b"IDAT", b"fdAT", b"fcTL"}
_RUN_LENGTH = {1, 2}


class Structure(NamedTuple):
    """What decoding a file would take."""

    is_too_complex: bool = False
    """Whether it is far more work or memory than usual for the format."""
    frames: int = 1
    """How many frames of an animation may be decoded."""
    metadata: int = 0
    """Bytes of a PNG that are not its pixels."""
    cut_at: int | None = None
    """Where a JPEG that lacks its end stops to be whole; None if it has its end."""


_USUAL, _TOO_COMPLEX = Structure(), Structure(is_too_complex=True)


def examine(content: bytes) -> Structure:
    """The structure of a PNG, JPEG, WebP, GIF, BMP or TIFF file; of other formats, the usual."""
    match content[:4]:
        case b"\x89PNG":
            return _png(content)
        case b"RIFF":
            return _webp(content)
        case b"GIF8":
            return _gif(content)
        case b"II*\0" | b"MM\0*":
            return Structure(tiff_structure.is_too_complex(content))
    if content.startswith(b"\xff\xd8\xff"):
        is_too_complex, cut_at = jpeg_structure.examine(content)
        return Structure(is_too_complex, cut_at=cut_at)
    return Structure(content.startswith(b"BM") and _bmp(content))


def _animation(frames: int, width: int, height: int) -> Structure:
    """The structure of a file with so many frames of this size, each of which is decoded whole."""
    affordable = min(MAX_FRAMES, MAX_FRAME_PIXELS // max(1, width * height))
    return Structure(frames=max(1, min(frames, affordable)))


def _png(content: bytes) -> Structure:
    at, metadata, bytes_of_it, frames = 8, 0, 0, 0
    width = height = 0
    try:
        for _ in range(MAX_PARTS):
            length, kind = struct.unpack_from(">I4s", content, at)
            if kind == b"IHDR":
                width, height = struct.unpack_from(">II", content, at + 8)
            frames += kind == b"fcTL"
            if kind not in _PIXEL_CHUNKS:
                metadata += 1
                bytes_of_it += length
            if metadata > MAX_METADATA:
                return _TOO_COMPLEX
            if kind == b"IEND":
                break
            at += 12 + length
        else:
            return _TOO_COMPLEX
    except struct.error:  # it ends within a chunk
        pass
    if frames:
        return _animation(frames + 1, width, height)
    return Structure(metadata=bytes_of_it)


def _webp(content: bytes) -> Structure:
    at, frames = 12, 0
    width = height = 0
    try:
        for _ in range(MAX_PARTS):
            kind, length = struct.unpack_from("<4sI", content, at)
            if kind == b"VP8X":
                low, middle, high = struct.unpack_from("<HHH", content, at + 12)
                width, height = 1 + low + (middle % 256 << 16), 1 + (middle >> 8) + (high << 8)
            frames += kind == b"ANMF"
            at += 8 + length + length % 2
        return _TOO_COMPLEX
    except struct.error:  # its end
        return _animation(frames, width, height) if frames else _USUAL


def _gif(content: bytes) -> Structure:
    """Look at the parts of the frames that may be decoded.

    What comes before the first frame is read in any case; after it, the file may end at any part.
    """
    frames = 0
    try:
        width, height = struct.unpack_from("<HH", content, 6)
        at = 13 + _gif_palette(content[10])
        is_within = False  # an extension or an image
        for part in range(MAX_GIF_PARTS):
            if not frames and part >= MAX_PARTS:
                return _TOO_COMPLEX
            first = content[at]
            if is_within:  # its blocks, each after its length, up to one without any
                is_within = first > 0
                at += 1 + first
            elif first == ord(";"):
                break
            elif first == ord(","):
                left, top, right, down, flags = struct.unpack_from("<HHHHB", content, at + 1)
                width, height = max(width, left + right), max(height, top + down)
                if frames and (frames + 1) * width * height > MAX_FRAME_PIXELS:
                    break
                frames += 1
                if frames == MAX_FRAMES:
                    break
                is_within = True
                at += 11 + _gif_palette(flags)  # with the size of the codes
            else:  # an extension with its label, or a byte that decoders skip
                is_within = first == ord("!")
                at += 2 if is_within else 1
    except (IndexError, struct.error):  # it ends within a part
        pass
    return Structure(frames=max(1, frames))


def _gif_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _bmp(content: bytes) -> bool:
    try:
        header, compression = struct.unpack_from("<I12xI", content, 14)
    except struct.error:
        return False
    run_length = header >= 40 and compression in _RUN_LENGTH
    return run_length and len(content) > MAX_RUN_LENGTH_BYTES
