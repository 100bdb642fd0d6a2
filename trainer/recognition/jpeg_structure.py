"""The structure of a JPEG file: the work and memory that decoding it takes, and where it is cut."""

from __future__ import annotations

import re
import struct

MAX_PARTS = 1_000
"""Largest number of segments; the largest files have one for each 64 kB."""

MAX_SCANNED = 430_000_000
"""Largest number of samples in all scans; in the usual ten scans, 50 megapixels with halved colors
have 400 million, and 25 with whole colors 350."""

MAX_HELD = 80_000_000
"""Largest number of samples where a decoder holds all coefficients, two bytes each: in progressive
files, and others of several scans. As many as 25 megapixels have, or 50 with halved colors."""

# After a scan: the next marker that is neither an escaped byte, nor a restart, nor padding.
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_PROGRESSIVE = 0xC2
_HUFFMAN_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
_OTHER_FRAMES = set(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, hierarchical, arithmetic
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def examine(content: bytes) -> tuple[bool, int | None]:
    """Whether decoding takes too much, and where the file is cut, None if it is complete.

    It is cut at its end, or where its last segment begins if that is incomplete. Files without
    any pixels are left to the decoder.
    """
    at, scanned = 2, 0.0
    areas: dict[int, float] = {}
    has_coefficients = has_scan = False
    began = at
    try:
        for _ in range(MAX_PARTS):
            began = at
            code = content[at + 1] if content[at] == 0xFF else 0xFF
            if code == _END_OF_IMAGE:
                return False, None
            if code in {0x00, 0xFF}:  # bytes between segments, which decoders skip
                at += 1
                continue
            if code in _WITHOUT_LENGTH:
                at += 2
                continue
            if code in _OTHER_FRAMES:  # no camera or browser writes them, and they decode slowly
                return True, None
            (length,) = struct.unpack_from(">H", content, at + 2)
            segment = content[at + 4 : at + 2 + length]
            at += 2 + length
            if at > len(content):
                break
            if code in _HUFFMAN_FRAMES:
                areas = _component_areas(segment)
                has_coefficients = code == _PROGRESSIVE
            elif code == _START_OF_SCAN:
                components = segment[1 : 1 + 2 * segment[0] : 2]
                has_scan = True
                has_coefficients |= len(components) < len(areas)
                scanned += sum(areas.get(each, 0.0) for each in components)
                held = sum(areas.values()) if has_coefficients else 0
                if scanned > MAX_SCANNED or held > MAX_HELD:
                    return True, None
                marker = _MARKER_AFTER_SCAN.search(content, at)
                if not marker:
                    return False, len(content)
                at = marker.start()
        else:
            return True, None
    except (IndexError, struct.error):  # as where it ends within a segment
        pass
    return False, began if has_scan else None


def _component_areas(frame: bytes) -> dict[int, float]:
    """Number of samples of each component of a JPEG, by its identifier."""
    height, width, count = struct.unpack_from(">HHB", frame, 1)
    factors = {frame[i]: (frame[i + 1] >> 4, frame[i + 1] & 15) for i in range(6, 6 + 3 * count, 3)}
    most = [max(1, *axis) for axis in zip(*factors.values(), strict=True)] or [1, 1]
    whole = height * width / (most[0] * most[1])
    return {each: whole * across * down for each, (across, down) in factors.items()}
