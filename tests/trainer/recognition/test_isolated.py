"""AVIF and HEIC, which are decoded in a process of their own."""

import base64
import contextlib
import io
import os
import resource
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer.recognition import isolated
from trainer.recognition.image import (
    BrokenPicture,
    PictureError,
    PictureTooLarge,
    UnsupportedPicture,
    decode,
)

# 4 kB, compressed: `Image.new("RGB", (16_000, 16_000), (200,) * 3)` as Pillow saves it, with 100 as
# the width and height in the header (the box `ispe`).
_COMPRESSED_BOMB = (
    "eNpjYGBQSCupLEgsy0xjAAIQnZuZZpibmZjm62joBBR6nZtaksgAAYoZKTlFUDZDQWZyCQMa4CvILMkFsxiBWC4zJz"
    "8ZxHEB8RkhoozCDAz8VkC2RmZmXhpcrRSQk8oE5SWWGRg65+fkg+3KyiwoKgDS3pkFyflAWiSzuCAVal8KFAsUZFZk"
    "ggSYOTg4gBRPYpmhc6M8D0hIODk/pygvOacCaDIvA1sDUEg8syAX5iegw1gYmZpZgK5yyk1JLBFi4OKW/15X//PvIi"
    "YpXg6jFXICKosPHxY4fN7ms6MCA0Pk+TOuSmtu/Su8euT8reWOGi/2K4gVXXJo2nfluOif6a+k5fVq+54Ff7CbF3Ai"
    "4YnbYy2efrN7K47ZRvlVLXppf3zdDsluy4J4j9jJJWfLU1/97WVUfFgRsauUufKEaUTl+TPBz+Yd5GjYKsdjyv3tzp"
    "+At9XlYvMjDplfPSDKet4i21xZg730ywzrmet+bS/ufuzUq7I744//7WX12acd0vMvbmf9ocv+Xu3YNtEtjO/fsaxo"
    "Wp/hGzSVt3/7zoc9/f+fHmxx8tBiE1olck7iBPOtODXHTJ/9n36q2uQ7LNg3gFZXUGz165TfnBt4P7284PRNeyZHb/"
    "qRmStaXn+szGBYaPX1f4rT9pU9cp+efJ68Yl7HSk4Xv69T56mveBzPGNwwMsN7NKpHo3o0qkejejSqR6N6NKpHo3o0"
    "qkejeqCiuoj+nj4wUuykd6R2AAD5J9bh"
)


BOMB = zlib.decompress(base64.b64decode(_COMPRESSED_BOMB))


@pytest.fixture(autouse=True)
def _where_it_is_read() -> None:
    if not isolated.reads("AVIF"):
        pytest.skip("Pillow without AVIF")


def test_an_avif_is_read(seven, encode):
    picture = decode(encode(seven, "AVIF", quality=90))
    assert (picture.image.size, picture.scale) == ((140, 140), 1.0)
    assert np.abs(np.asarray(picture.image.convert("L")).astype(int) - seven).mean() < 5


def test_a_large_avif_is_scaled_down_and_its_transparency_and_orientation_kept(seven, encode):
    pixels = np.dstack([np.zeros((*seven.shape, 3), np.uint8), 255 - seven])
    large = Image.fromarray(pixels).crop((0, 0, 140, 100)).resize((2100, 1500))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    picture = decode(encode(large, "AVIF", exif=exif, speed=10))
    assert (picture.image.size, picture.image.mode) == ((750, 1050), "RGBA")
    assert picture.scale == 2
    alpha = np.asarray(picture.image)[..., 3]
    upright = np.asarray(large.rotate(-90, expand=True).resize((750, 1050)))[..., 3]
    assert np.abs(alpha.astype(int) - upright).mean() < 5


def test_a_frame_far_larger_than_the_header_states_takes_no_more_memory_than_allowed():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BrokenPicture, match="save it as JPEG"):
        decode(BOMB)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 20_000  # kB


def test_more_pixels_than_allowed_are_not_decoded(seven, encode):
    content = encode(seven, "AVIF")
    at = content.index(b"ispe") + 8
    with pytest.raises(PictureTooLarge, match="25 million pixels"):
        decode(content[:at] + struct.pack(">II", 6000, 6000) + content[at + 8 :])


def test_a_process_that_takes_too_long_is_ended():
    program = Path(isolated.__file__).with_name("isolated_process.py")
    waits, silent = os.pipe()
    with subprocess.Popen([sys.executable, str(program), "AVIF", "1", "1"], stdin=waits) as process:
        assert process.wait(timeout=60) == -signal.SIGALRM
    os.close(silent)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_damaged_avifs_raise_only_picture_errors(seven, encode, data):
    content = bytearray(encode(seven[::4, ::4], "AVIF"))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(20, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(20, len(content)))]
    with contextlib.suppress(PictureError):
        decode(bytes(content)).image.tobytes()


@pytest.mark.parametrize("brands", [b"avif\0\0\0\0avifmif1", b"mif1\0\0\0\0mif1avif"])
def test_where_it_is_not_read_an_avif_is_called_by_its_name(monkeypatch, brands):
    monkeypatch.setattr("trainer.recognition.image.reads", lambda _: False)
    with pytest.raises(UnsupportedPicture, match=r"AVIF .* save it as JPEG"):
        decode(b"\0\0\0\x18ftyp" + brands + bytes(100))


def test_pillow_is_found_where_it_was_imported_from(monkeypatch, seven, encode):
    monkeypatch.setattr(sys, "executable", str(Path(sys.executable).resolve()))  # of no environment
    assert decode(encode(seven, "AVIF")).image.size == (140, 140)


@pytest.mark.parametrize("executable", ["/bin/false", "/nowhere"])
def test_a_process_that_cannot_be_run_is_not_called_damage(monkeypatch, seven, encode, executable):
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(UnsupportedPicture, match=r"at the moment; save it as JPEG"):
        decode(encode(seven, "AVIF"))


def test_the_process_is_ended_in_time_though_the_signal_is_blocked_here(monkeypatch, tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import signal, time; signal.alarm(1); time.sleep(30)")
    monkeypatch.setattr(isolated, "_PROGRAM", program)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    began = time.monotonic()
    try:
        with pytest.raises(ValueError, match="unpack"):
            isolated.decode_isolated(b"", "AVIF", 1, 1)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    assert time.monotonic() - began < 20


def test_the_process_ends_its_work_though_its_whole_group_is_asked_to_stop(monkeypatch, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import os, signal\n"
        "for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM: os.kill(os.getpid(), number)\n"
        "os.write(1, b'L 1 1 1.0\\n' + bytes(1))"
    )
    monkeypatch.setattr(isolated, "_PROGRAM", program)
    assert isolated.decode_isolated(b"", "AVIF", 1, 1)[0].size == (1, 1)


def box(kind: bytes, content: bytes, version: int | None = None, flags: int = 0) -> bytes:
    head = b"" if version is None else struct.pack(">I", version << 24 | flags)
    return struct.pack(">I4s", 8 + len(head) + len(content), kind) + head + content


def grid_of_one_tile(side: int, rows: int) -> bytes:
    """A HEIC of 200×200 pixels, a grid of so many rows and columns of the same large tile."""
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    shades = np.random.default_rng(0).integers(0, 256, (side // 20, side // 20, 3), np.uint8)
    tile = Image.fromarray(shades).resize((side, side), Image.Resampling.NEAREST)
    pillow_heif.from_pillow(tile).save(file, quality=50)
    whole = file.getvalue()

    def part(kind: bytes) -> bytes:
        at = whole.index(kind) - 4
        return whole[at : at + int.from_bytes(whole[at : at + 4], "big")]

    pixels, size = part(b"mdat")[8:], struct.pack(">II", 200, 200)
    grid = struct.pack(">BBBB", 0, 1, rows - 1, rows - 1) + size
    properties = part(b"hvcC") + part(b"colr") + part(b"ispe") + part(b"pixi")
    properties = box(b"ipco", properties + box(b"ispe", size, 0))
    uses = struct.pack(">IHB4BHB2B", 2, 1, 4, 0x81, 2, 3, 4, 2, 2, 5, 4)
    items = [(1, b"hvc1", 1), (2, b"grid", 0)]
    entries = [box(b"infe", struct.pack(">HH4sx", i, 0, kind), 2, hid) for i, kind, hid in items]
    tiles = struct.pack(">HH", 2, rows**2) + struct.pack(">H", 1) * rows**2

    def meta(first: int) -> bytes:
        places = struct.pack(">HHHII", 1, 0, 1, first, len(pixels))
        places += struct.pack(">HHHII", 2, 0, 1, first + len(pixels), len(grid))
        return box(
            b"meta",
            box(b"hdlr", struct.pack(">I4s", 0, b"pict") + bytes(13), 0)
            + box(b"pitm", struct.pack(">H", 2), 0)
            + box(b"iloc", b"\x44\0" + struct.pack(">H", 2) + places, 0)
            + box(b"iinf", struct.pack(">H", 2) + b"".join(entries), 0)
            + box(b"iprp", properties + box(b"ipma", uses, 0))
            + box(b"iref", box(b"dimg", tiles), 0),
            0,
        )

    head = part(b"ftyp")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", pixels + grid)


def test_a_grid_of_many_large_tiles_is_ended_within_its_time():
    assert decode(grid_of_one_tile(200, 1)).image.size == (200, 200)
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    with pytest.raises(BrokenPicture):
        decode(grid_of_one_tile(1280, 16))
    assert sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before < 3
