import contextlib
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer.recognition.image import (
    MAX_BYTES,
    BrokenPicture,
    PictureError,
    PictureTooLarge,
    UnsupportedPicture,
    decode,
)
from trainer.recognition.preprocess import preprocess


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width: int, height: int, content: bytes, depth: int = 8, color: int = 0) -> bytes:
    """A PNG with any header, independent of its content."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(content))
        + png_chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_each_format_is_recognized_by_its_content(seven, encode, kind):
    image = decode(encode(seven, kind)).image
    assert image.size == (140, 140)
    difference = np.abs(preprocess(image).pixels.astype(int) - preprocess(seven).pixels)
    assert difference.mean() < 4


@pytest.mark.parametrize("kind", ["TIFF", "ICO", "PPM", "TGA"])
def test_other_formats_are_refused(seven, encode, kind):
    with pytest.raises(UnsupportedPicture):
        decode(encode(seven, kind))


def test_files_that_are_not_images_are_refused():
    for content in (b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"):
        with pytest.raises(UnsupportedPicture):
            decode(content)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(seven, encode, orientation):
    """A camera stores the rotated image, and a tag that says how to rotate it back."""
    stored_as = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.fromarray(seven[:, :120])
    stored = upright.transpose(stored_as[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encode(stored, "JPEG", exif=exif.tobytes(), quality=95)).image
    assert image.size == upright.size
    assert np.abs(np.asarray(image).astype(int) - np.asarray(upright)).mean() < 5


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_at_reduced_size_and_its_scale_is_returned(
    seven, encode, orientation
):
    large = Image.fromarray(seven[:, :120]).resize((2400, 2800))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encode(large, "JPEG", exif=exif.tobytes()))
    upright = large.size if orientation == 1 else large.size[::-1]
    assert max(picture.image.size) < 1600
    assert [side * picture.scale for side in picture.image.size] == pytest.approx(upright, rel=0.01)


def test_the_first_frame_of_an_animation_is_read(seven, encode):
    blank = Image.new("L", (140, 140), 255)
    for kind in ("GIF", "WEBP", "PNG"):
        content = encode(Image.fromarray(seven), kind, save_all=True, append_images=[blank] * 3)
        assert np.asarray(decode(content).image.convert("L")).min() < 50


def test_too_many_bytes_are_refused_before_decoding():
    with pytest.raises(PictureTooLarge, match="10 MB"):
        decode(b"\x89PNG" + bytes(MAX_BYTES))


@pytest.mark.parametrize(("width", "height"), [(5001, 5000), (60_000, 60_000), (2**31 - 1, 3)])
def test_too_many_pixels_are_refused_by_the_header(width, height):
    with pytest.raises(PictureTooLarge, match="25 million"):
        decode(png(width, height, b""))


def test_a_decompression_bomb_with_a_false_header_is_broken_and_cheap():
    bomb = png(10, 10, bytes(50_000_000))
    try:
        image = decode(bomb).image
    except BrokenPicture:
        return
    assert image.size == (10, 10)


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size):
    with pytest.raises(PictureError):
        decode(png(*size, b""))


def test_a_file_with_less_data_than_its_header_announces_is_broken():
    with pytest.raises(BrokenPicture):
        decode(png(200, 200, b"\0" * 300))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_truncated_picture_is_broken(seven, encode, kind):
    content = encode(seven, kind)
    with pytest.raises(PictureError):
        decode(content[: len(content) // 2])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_pictures_raise_only_picture_errors(seven, encode, data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]))
    content = bytearray(encode(seven[::4, ::4], kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        decode(bytes(content)).image.tobytes()
