import contextlib
import io
import re
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer.recognition import file_structure
from trainer.recognition.image import (
    MAX_BYTES,
    BrokenPicture,
    PictureError,
    PictureTooComplex,
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


MORE_FRAMES = {"save_all": True, "append_images": [Image.new("L", (70, 70), 255)]}
OPTIONS = {
    "PNG": [{}, MORE_FRAMES],
    "JPEG": [{}, {"progressive": True}],
    "WEBP": [{}, {"lossless": True}, MORE_FRAMES],
    "GIF": [{}, MORE_FRAMES],
    "BMP": [{}],
    "TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_deflate"}, MORE_FRAMES],
}
FORMATS = list(OPTIONS)


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_is_recognized_by_its_content(seven, encode, kind):
    image = decode(encode(seven, kind)).image
    assert image.size == (140, 140)
    difference = np.abs(preprocess(image).pixels.astype(int) - preprocess(seven).pixels)
    assert difference.mean() < 4


@pytest.mark.parametrize("kind", ["ICO", "PPM", "TGA"])
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


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_the_frame_of_an_animation_that_is_not_blank_is_read(seven, encode, kind, at):
    frames = [Image.new("L", (140, 140), 255) for _ in range(4)]
    frames[at] = Image.fromarray(seven)
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert np.asarray(decode(content).image.convert("L")).min() < 50


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_drawing_that_grows_the_last_frame_is_read(seven, encode, kind):
    half = seven.copy()
    half[60:] = 255
    content = encode(half, kind, save_all=True, append_images=[Image.fromarray(seven)])
    image = decode(content).image.convert("L")
    assert np.abs(np.asarray(image).astype(int) - seven).mean() < 5


def test_no_more_than_so_many_frames_are_decoded(seven, encode, monkeypatch):
    monkeypatch.setattr(file_structure, "MAX_FRAME_PIXELS", 3 * 140 * 140)
    blank = [Image.new("L", (140, 140), shade) for shade in (255, 200, 150)]
    drawn = Image.fromarray(seven)
    for kind in ("GIF", "WEBP", "PNG"):
        third = encode(blank[0], kind, save_all=True, append_images=[blank[1], drawn])
        assert np.asarray(decode(third).image.convert("L")).min() < 50
        fourth = encode(blank[0], kind, save_all=True, append_images=[*blank[1:], drawn])
        assert np.asarray(decode(fourth).image.convert("L")).min() > 100


def test_the_first_page_of_a_tiff_is_read(seven, encode):
    other = Image.new("L", (50, 60), 0)
    content = encode(seven, "TIFF", save_all=True, append_images=[other])
    assert (np.asarray(decode(content).image) == seven).all()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_a_tiff_is_read_as_it_was_saved(seven, encode, compression):
    content = encode(seven, "TIFF", compression=compression)
    assert (np.asarray(decode(content).image) == seven).all()


@pytest.mark.parametrize("compression", ["jpeg", "zstd", "lzma"])
def test_tiffs_whose_strips_may_take_any_work_are_refused(seven, encode, compression):
    with pytest.raises(UnsupportedPicture, match="save it as PNG"):
        decode(encode(seven, "TIFF", compression=compression))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2, 40])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_that_lacks_its_end_is_read(seven, encode, progressive, missing, mode):
    image = Image.fromarray(seven).convert(mode)
    content = encode(image, "JPEG", progressive=progressive, quality=95)
    whole, cut = decode(content).image, decode(content[:-missing]).image
    assert cut.size == whole.size
    difference = np.abs(np.asarray(whole.convert("L")).astype(int) - np.asarray(cut.convert("L")))
    assert difference.mean() < 3


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6])
def test_a_jpeg_cut_amid_the_drawing_says_what_to_do(seven, encode, share):
    content = encode(seven, "JPEG", quality=95)
    with pytest.raises(BrokenPicture, match="send it again"):
        decode(content[: int(len(content) * share)])


def test_a_jpeg_of_50_megapixels_is_decoded_at_reduced_size(seven, encode):
    large = Image.fromarray(seven).resize((8000, 6300))
    picture = decode(encode(large, "JPEG", quality=50))
    assert picture.image.size == (1000, 788)
    assert picture.scale == 8


def jpeg_of_size(content: bytes, width: int, height: int) -> bytes:
    """The file with another size in its header."""
    at = re.search(rb"\xff[\xc0\xc2]", content).start() + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


@pytest.mark.parametrize(("width", "height"), [(11_000, 11_000), (20_000, 19_000)])
def test_too_many_pixels_of_a_jpeg_are_refused_by_the_header(seven, encode, width, height):
    with pytest.raises(PictureTooLarge, match="scale it down"):
        decode(jpeg_of_size(encode(seven, "JPEG"), width, height))


def test_a_progressive_jpeg_whose_coefficients_take_too_much_memory_is_refused(seven, encode):
    content = encode(Image.fromarray(seven).convert("RGB"), "JPEG", progressive=True, subsampling=0)
    decode(jpeg_of_size(content, 5000, 5000))
    with pytest.raises(PictureTooComplex):
        decode(jpeg_of_size(content, 5300, 5300))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_beginning_of_a_file_is_a_picture_or_a_picture_error(seven, encode, data):
    kind = data.draw(st.sampled_from(FORMATS))
    options = data.draw(st.sampled_from(OPTIONS[kind]))
    content = encode(Image.fromarray(seven[::2, ::2]), kind, **options)
    with contextlib.suppress(PictureError):
        decode(content[: data.draw(st.integers(0, len(content)))]).image.tobytes()


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


@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_picture_is_broken(seven, encode, kind):
    content = encode(seven, kind)
    with pytest.raises(PictureError):
        decode(content[: len(content) // 2])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_pictures_raise_only_picture_errors(seven, encode, data):
    kind = data.draw(st.sampled_from(FORMATS))
    content = bytearray(encode(seven[::4, ::4], kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        decode(bytes(content)).image.tobytes()


def heic(seven) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(seven).convert("RGB")).save(file, quality=90)
    return file.getvalue()


def test_heic_is_read_where_pillow_heif_is_installed(seven):
    image = decode(heic(seven)).image
    assert image.size == (140, 140)
    assert np.abs(np.asarray(image.convert("L")).astype(int) - seven).mean() < 5


def test_a_heic_is_not_decoded_at_another_size_than_its_header_states(seven):
    content = heic(np.tile(seven, (8, 8)))
    at = content.index(b"ispe") + 8
    with pytest.raises(BrokenPicture):
        decode(content[:at] + struct.pack(">II", 64, 64) + content[at + 8 :])
    with pytest.raises(PictureTooLarge):
        decode(content[:at] + struct.pack(">II", 6000, 6000) + content[at + 8 :])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_beginning_of_a_heic_is_a_picture_error(seven, data):
    content = heic(seven[::4, ::4])
    with contextlib.suppress(PictureError):
        decode(content[: data.draw(st.integers(0, len(content) - 1))]).image.tobytes()


def test_without_pillow_heif_a_heic_picture_is_unsupported_and_the_user_is_told(monkeypatch):
    monkeypatch.setattr("trainer.recognition.image.reads", lambda _: False)
    with pytest.raises(UnsupportedPicture, match="save it as JPEG"):
        decode(b"\0\0\0\x18ftypheic" + bytes(100))
