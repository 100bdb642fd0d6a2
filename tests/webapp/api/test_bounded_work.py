"""No picture takes more than a moment of processor, in any mode, whatever its ink or its file."""

import base64
import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.trainer.recognition.test_image import png_chunk

pytestmark = pytest.mark.slow

LIMIT = 2.0  # seconds of processor, of this process alone
SIDE = 1024

REQUESTS = {
    "digit": ("/api/v1/predict", {}),
    "number": ("/api/v1/predict", {"mode": "number"}),
    "number, all models": ("/api/v1/predict", {"mode": "number", "model": "all"}),
    "explain": ("/api/v1/explain", {}),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory, seven, encode):
    from webapp.app import create_app
    from webapp.settings import Settings

    client = create_app(Settings(home=str(tmp_path_factory.mktemp("home")))).test_client()
    for request in REQUESTS.values():  # loads the models
        ask(client, request, encode(seven))
    return client


def ask(client, request, content: bytes) -> tuple[int, str, float]:
    """Status and code of the answer, and the seconds of processor that it took."""
    path, options = request
    image = "data:image/png;base64," + base64.b64encode(content).decode()
    started = time.process_time()
    response = client.post(path, json={"image": image, **options})
    return response.status_code, response.get_json().get("code", ""), time.process_time() - started


def blank() -> np.ndarray:
    return np.full((SIDE, SIDE), 255, np.uint8)


def dots(step: int, side: int = SIDE) -> np.ndarray:
    picture = np.full((side, side), 255, np.uint8)
    picture[1:-1:step, 1:-1:step] = 0
    return picture


def noise(share: float) -> np.ndarray:
    picture = blank()
    inside = np.random.default_rng(0).random((SIDE - 6, SIDE - 6)) < share
    picture[3:-3, 3:-3][inside] = 0
    return picture


def hatch(step: int) -> np.ndarray:
    picture = blank()
    picture[50:-50:step, 50:-50] = 0
    picture[50:-50, 50:-50:step] = 0
    return picture


def rings(count: int) -> np.ndarray:
    picture = blank()
    for radius in np.linspace(8, 490, count).astype(int).tolist():
        cv2.circle(picture, (512, 512), radius, 0, 2)
    return picture


def worms(count: int) -> np.ndarray:
    rng, picture = np.random.default_rng(0), blank()
    for _ in range(count):
        steps = np.cumsum(rng.normal(0, 12, (60, 2)), axis=0)
        points = rng.uniform(60, 960, 2) + steps
        cv2.polylines(picture, [points.astype(np.int32)], False, 0, 3)
    return picture


def wide_lines(count: int) -> np.ndarray:
    rng, picture, x = np.random.default_rng(0), blank(), np.linspace(10, 1014, 200)
    for y in (np.arange(count) + 0.5) * SIDE / count:
        line = np.stack([x, y + rng.normal(0, SIDE / count / 6, 200)], axis=1)
        cv2.polylines(picture, [line.astype(np.int32)], False, 0, 2)
    return picture


def scrawls(rows: int, columns: int) -> np.ndarray:
    rng, picture = np.random.default_rng(0), blank()
    step = np.array([SIDE / columns, min(50, SIDE / rows)])
    for row in range(rows):
        for column in range(columns):
            points = (np.array([column, row]) + 0.1 + 0.7 * rng.random((6, 2))) * step
            cv2.polylines(picture, [points.astype(np.int32)], False, 0, 2)
    return picture


def zigzags(rows: int) -> np.ndarray:
    """Rows of what might be touching digits, on paper that is darker at one side."""
    rng, picture, step = np.random.default_rng(0), blank(), SIDE / rows
    for row in range(rows):
        x = np.linspace(12, 1010, 60)
        y = (row + 0.5 + rng.uniform(-0.4, 0.4, 60)) * step
        line = np.stack([x + rng.normal(0, 12, 60), y], axis=1)
        cv2.polylines(picture, [line.astype(np.int32)], False, 0, 6)
    shade = np.linspace(0, 70, SIDE) + rng.normal(0, 3, picture.shape)
    return np.clip(picture - shade, 0, 255).astype(np.uint8)


INKS = {
    "dots, 512×512": lambda: dots(2, 512),
    "dots": lambda: dots(2),
    "dots, fewer": lambda: dots(4),
    "sparse noise": lambda: noise(0.1),
    "dense noise": lambda: noise(0.5),
    "cross-hatch": lambda: hatch(4),
    "rings": lambda: rings(80),
    "worms": lambda: worms(80),
    "wide lines": lambda: wide_lines(20),
    "one wide line": lambda: wide_lines(1),
    "rows of scrawls far apart": lambda: scrawls(20, 2),
    "a row of scrawls": lambda: scrawls(1, 38),
    "rows of zigzags on a photo": lambda: zigzags(4),
}


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("ink", INKS)
def test_any_ink_is_answered_within_two_seconds_of_processor(client, encode, ink, kind):
    status, code, seconds = ask(client, REQUESTS[kind], encode(INKS[ink]()))
    assert (status, code) in {(200, ""), (422, "too_complex"), (422, "empty_drawing")}
    assert seconds < LIMIT


@pytest.mark.parametrize("step", [2, 3, 4, 8])
def test_too_many_pieces_of_ink_for_a_number_are_too_complex(client, encode, step):
    status, code, seconds = ask(client, REQUESTS["number"], encode(dots(step)))
    assert (status, code) == (422, "too_complex")
    assert seconds < LIMIT


def test_too_many_pieces_for_a_number_are_no_error_where_a_digit_is_asked(client, encode):
    assert ask(client, REQUESTS["digit"], encode(noise(0.1)))[0] == 200


def chunked(head: bytes, part: bytes, content: bytes, size: int = 3_000_000) -> bytes:
    """`content` with so many copies of a part after its head that it has about this size."""
    return head + part * (size // len(part)) + content.removeprefix(head)


def png_with(encode, kind: bytes, data: bytes, before: bytes = b"IDAT") -> bytes:
    content = encode(dots(20, 140))
    return chunked(content[: content.index(before) - 4], png_chunk(kind, data), content)


def jpeg_with(encode, part: bytes) -> bytes:
    content = encode(dots(20, 140), "JPEG")
    return chunked(content[:20], part, content)


def gif_with(encode, part: bytes) -> bytes:
    content = encode(dots(20, 140), "GIF")
    return chunked(content[: 13 + 3 * (2 << (content[10] & 7))], part, content)


def progressive(encode, side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is there this many times more."""
    picture = np.full((side, side), 255, np.uint8)
    cv2.line(picture, (side // 2, side // 8), (side // 2, side * 7 // 8), 0, side // 20)
    content = encode(picture, "JPEG", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * scans + content[-2:]


def run_length_bmp(side: int) -> bytes:
    pixels = (b"\1\1" * side + b"\0\0") * side + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(pixels), 0, 0, 256, 256)
    start = struct.pack("<IHHI", 1078 + len(pixels), 0, 0, 1078)
    return b"BM" + start + header + bytes(1024) + pixels


def many_frames(width: int, height: int, count: int = 10_000) -> bytes:
    """A GIF of this size whose frames are one pixel each."""
    frame = b"!\xf9\4\0\1\0\0\0" + b",\0\0\0\0\1\0\1\0\0" + b"\2\2D\1\0"
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0)
    return b"GIF89a" + screen + b"\0\0\0\xff\xff\xff" + frame * count + b";"


def tiff(*entries: tuple[int, int, int], repeat: int = 1) -> bytes:
    """A TIFF of these tags (tag, number of values, value), 1000×1000 and gray if not among them."""
    usual = [(256, 1, 1000), (257, 1, 1000), (258, 1, 8), (259, 1, 8), (262, 1, 1), (273, 1, 8)]
    given = {tag for tag, _, _ in entries}
    tags = sorted([*(each for each in usual if each[0] not in given), *entries * repeat])
    body = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + bytes(200_000)


BOMB = zlib.compress(bytes(900_000), 9)

FILES = {
    "JPEG, one scan 2,500 times": lambda encode: progressive(encode, 700, 2_500),
    "large JPEG, one scan 200 times": lambda encode: progressive(encode, 3_000, 200),
    "JPEG of segments": lambda encode: jpeg_with(encode, b"\xff\xe5\0\2"),
    "JPEG of padding": lambda encode: jpeg_with(encode, b"\xff"),
    "PNG of color profiles": lambda encode: png_with(encode, b"iCCP", b"a\0\0" + BOMB),
    "PNG of texts": lambda encode: png_with(encode, b"tEXt", b"a\0b"),
    "PNG of unknown chunks": lambda encode: png_with(encode, b"prVt", b""),
    "PNG of unknown chunks at its end": lambda encode: png_with(encode, b"prVt", b"", b"IEND"),
    "PNG of empty pixel chunks": lambda encode: png_with(encode, b"IDAT", b""),
    "GIF of extensions": lambda encode: gif_with(encode, b"!\xfe\1\0\0"),
    "GIF of short blocks": lambda encode: gif_with(encode, b"!\xfe" + b"\1a" * 20_000 + b"\0"),
    "GIF of nothing": lambda encode: gif_with(encode, b"\0"),
    "BMP of runs": lambda _: run_length_bmp(1_200),
    "TIFF of strips": lambda _: tiff((273, 20_000, 8), (278, 1, 1)),
    "TIFF of short strips": lambda _: tiff((257, 1, 20_000), (278, 1, 1)),
    "TIFF of tiles": lambda _: tiff((322, 1, 1), (323, 1, 1), (324, 1, 8)),
    "TIFF of a huge tile": lambda _: tiff((322, 1, 60_000), (323, 1, 60_000), (324, 1, 8)),
    "TIFF of many samples": lambda _: tiff((277, 1, 60_000)),
    "TIFF of tags": lambda _: tiff((65_000, 1, 1), repeat=15_000),
}


@pytest.mark.parametrize("file", FILES)
def test_a_file_with_far_too_many_parts_is_too_complex_at_once(client, encode, file):
    status, code, seconds = ask(client, REQUESTS["digit"], FILES[file](encode))
    assert (status, code) == (422, "too_complex")
    assert seconds < LIMIT / 4


@pytest.mark.parametrize(("width", "height"), [(1, 1), (220, 220), (5000, 4900), (60_000, 60_000)])
def test_an_animation_of_many_frames_takes_no_more_than_a_fixed_amount(client, width, height):
    _, code, seconds = ask(client, REQUESTS["digit"], many_frames(width, height))
    assert code in {"empty_drawing", "too_large"}
    assert seconds < LIMIT


@pytest.mark.parametrize("scans", [0, 5, 40])
def test_a_progressive_jpeg_of_ordinary_size_may_have_many_scans(client, encode, scans):
    assert ask(client, REQUESTS["digit"], progressive(encode, 700, scans))[0] == 200


@pytest.mark.parametrize("subsampling", [0, 2])
def test_the_largest_progressive_jpeg_is_read(client, encode, subsampling):
    picture = np.full((5000, 5000, 3), 255, np.uint8)
    cv2.line(picture, (2500, 1000), (2500, 4000), (0, 0, 0), 300)
    content = encode(picture, "JPEG", progressive=True, subsampling=subsampling)
    status, _, seconds = ask(client, REQUESTS["digit"], content)
    assert status == 200
    assert seconds < LIMIT


def test_millions_of_points_are_refused_before_they_become_objects(client):
    body = b'{"image": "", "strokes": [' + b",".join([b"[[1,2]]"] * 30_000) + b"]}"
    response = client.post("/api/v1/predict", data=body, content_type="application/json")
    assert response.status_code == 400
    assert "20,000 points" in response.get_json()["detail"]


@pytest.mark.parametrize("mode", ["I;16", "1"])
def test_a_picture_one_pixel_wide_takes_no_more_than_any_other(client, mode):
    file = io.BytesIO()
    Image.new(mode, (1, 8_000_000), 1).save(file, "PNG", compress_level=1)
    _status, _code, seconds = ask(client, REQUESTS["digit"], file.getvalue())
    assert seconds < LIMIT


def test_a_form_of_millions_of_fields_is_refused_unread(client):
    kind = "application/x-www-form-urlencoded"
    started = time.process_time()
    refused = client.post("/correct", data=b"a&" * 3_000_000, content_type=kind)
    assert refused.status_code == 413
    assert time.process_time() - started < 0.3
