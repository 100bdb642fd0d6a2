"""Decodes the file on standard input within limits; started by `trainer.recognition.isolated`.

Its arguments are the format, AVIF or HEIF, the largest number of pixels, and the side in pixels
down to which larger pictures are scaled. It writes one line with mode, width and height of the
result and the width of one of its pixels in pixels of the file, and then the result's bytes; or
`large`, if the file has too many pixels. If it cannot be decoded, it writes nothing, and ends with
status 0 all the same: any other says that it could not begin.
"""

import os
import resource
import signal
import sys
from contextlib import suppress
from io import BytesIO

from PIL import AvifImagePlugin, Image, ImageOps

_BYTES = 256 * 1024**2  # beside the interpreter; 25 megapixels with halved colors take 225
_SECONDS = 5
_PROCESSOR_SECONDS = 2


def _limit_resources() -> None:
    signal.alarm(_SECONDS)  # which ends the process, whatever it is doing
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    size = pages * os.sysconf("SC_PAGE_SIZE") + _BYTES
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load_decoder(kind: str) -> None:
    if kind == "AVIF":
        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
        return
    import pillow_heif

    pillow_heif.register_heif_opener(
        decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
    )


def _decode(kind: str, max_pixels: int, sufficient_side: int) -> None:
    image = Image.open(BytesIO(sys.stdin.buffer.read()), formats=(kind,))
    if not 0 < image.width * image.height <= max_pixels:
        sys.stdout.buffer.write(b"large\n")
        return
    small = image.reduce(max(1, max(image.size) // sufficient_side))
    scale = image.width / small.width
    ImageOps.exif_transpose(small, in_place=True)
    sys.stdout.buffer.write(f"{small.mode} {small.width} {small.height} {scale}\n".encode())
    sys.stdout.buffer.write(small.tobytes())


if __name__ == "__main__":
    asked, *limits = sys.argv[1:]
    _load_decoder(asked)
    _limit_resources()
    with suppress(Exception):  # decoders raise all kinds of exceptions on malformed input
        _decode(asked, *map(int, limits))
