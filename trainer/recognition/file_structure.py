"""The structure of an image file: whether decoding it would take far more work than usual.

A small file may ask for much work: thousands of scans of a JPEG, a million empty chunks of a PNG,
each handled by itself. Everything here looks at no more parts than the limits allow, and leaves
what is damaged to the decoder.
"""

from __future__ import annotations

import re
import struct

MAX_PARTS = 10_000
"""Largest number of chunks, blocks or other parts; encoders make a few per 8 kB."""

MAX_JPEG_PARTS = 1_000
"""The same for the segments of a JPEG, which are fewer: the largest have one for each 64 kB."""

MAX_METADATA = 100
"""Largest number of chunks in a PNG that are not its pixels."""

MAX_SCANNED = 400_000_000
"""Largest number of pixels in all scans and components of a JPEG; one of 25 megapixels in the usual
ten scans has 350 million at most."""

MAX_RUN_LENGTH_BYTES = 1024 * 1024
"""Largest BMP with run-length encoding, which Pillow decodes in Python."""

# After a scan: the next marker that is neither an escaped byte, nor a restart, nor padding.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_HUFFMAN_FRAMES = {0xC0, 0xC1, 0xC2}
_OTHER_FRAMES = set(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, hierarchical, arithmetic
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_PIXEL_CHUNKS = {b"IDAT", b"fdAT", b"fcTL"}
_RUN_LENGTH = {1, 2}


def is_too_complex(content: bytes) -> bool:
    """Whether decoding this file would take far more work than usual for its format.

    Files of other formats than PNG, JPEG, WebP, GIF and BMP are not.
    """
    try:
        match content[:4]:
            case b"\x89PNG":
                return _png(content)
            case b"RIFF":
                return _webp(content)
            case b"GIF8":
                return _gif(content)
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
        return content.startswith(b"BM") and _bmp(content)
    except (IndexError, struct.error):  # it ends within a part
        return False


def _png(content: bytes) -> bool:
    at, metadata = 8, 0
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", content, at)
        metadata += kind not in _PIXEL_CHUNKS
        if kind == b"IEND" or metadata > MAX_METADATA:
            return metadata > MAX_METADATA
        at += 12 + length
    return True


def _webp(content: bytes) -> bool:
    at = 12
    for _ in range(MAX_PARTS):
        (length,) = struct.unpack_from("<I", content, at + 4)
        at += 8 + length + length % 2
    return True


def _gif(content: bytes) -> bool:
    """Look at the extensions before the first image, which is all that is read."""
    at = 13 + _gif_palette(content[10])
    in_extension = False
    for _ in range(MAX_PARTS):
        first = content[at]
        if in_extension:  # its blocks, each after its length, up to one without any
            in_extension = first > 0
            at += 1 + first
        elif first in b",;":
            return False
        else:  # an extension with its label, or a byte that decoders skip
            in_extension = first == ord("!")
            at += 2 if in_extension else 1
    return True


def _gif_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _bmp(content: bytes) -> bool:
    header, compression = struct.unpack_from("<I12xI", content, 14)
    run_length = header >= 40 and compression in _RUN_LENGTH
    return run_length and len(content) > MAX_RUN_LENGTH_BYTES


def _jpeg(content: bytes) -> bool:
    at, scanned = 2, 0.0
    areas: dict[int, float] = {}
    for _ in range(MAX_JPEG_PARTS):
        code = content[at + 1] if content[at] == 0xFF else 0xFF
        if code == _END_OF_IMAGE:
            return False
        if code in {0x00, 0xFF}:  # bytes between segments, which decoders skip
            at += 1
        elif code in _WITHOUT_LENGTH:
            at += 2
        elif code in _OTHER_FRAMES:  # no camera or browser writes them, and they decode slowly
            return True
        else:
            (length,) = struct.unpack_from(">H", content, at + 2)
            segment = content[at + 4 : at + 2 + length]
            at += 2 + length
            if code in _HUFFMAN_FRAMES:
                areas = _component_areas(segment)
            elif code == _START_OF_SCAN:
                components = segment[1 : 1 + 2 * segment[0] : 2]
                scanned += sum(areas.get(each, 0.0) for each in components)
                marker = _MARKER_AFTER_SCAN.search(content, at)
                if scanned > MAX_SCANNED or not marker:
                    return scanned > MAX_SCANNED
                at = marker.start()
    return True


def _component_areas(frame: bytes) -> dict[int, float]:
    """Number of samples of each component of a JPEG, by its identifier."""
    height, width, count = struct.unpack_from(">HHB", frame, 1)
    factors = {frame[i]: (frame[i + 1] >> 4, frame[i + 1] & 15) for i in range(6, 6 + 3 * count, 3)}
    most = [max(1, *axis) for axis in zip(*factors.values(), strict=True)] or [1, 1]
    whole = height * width / (most[0] * most[1])
    return {each: whole * across * down for each, (across, down) in factors.items()}
