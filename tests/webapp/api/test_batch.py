"""Many pictures in one request, as files or in archives, from friends and strangers."""

import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.webapp.api.test_predict import data_url
from webapp.app import create_app
from webapp.archives import BadArchive, name_of, opened, unpacked
from webapp.http import batch_files
from webapp.http.slots import Slots
from webapp.http.throttle import Throttle
from webapp.settings import Settings


def post(client, *files: tuple[str, bytes], **options: str):
    sent = [(io.BytesIO(content), name) for name, content in files]
    return client.post("/api/v1/batch", data={"image": sent, **options}, buffered=True)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def codes(response) -> list[str]:
    """The code of each picture's problem, or its text."""
    return [
        each["problem"]["code"] if each["problem"] else each["answer"]["text"]
        for each in response.get_json()
    ]


def names(response) -> list[str]:
    return [each["file"] for each in response.get_json()]


@pytest.fixture(scope="session")
def seven_png(seven, encode) -> bytes:
    return encode(seven)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    home = str(tmp_path_factory.mktemp("home"))
    return create_app(Settings(home=home, rate_limit=0)).test_client()


def test_each_picture_has_its_answer_or_its_problem_in_their_order(client, seven, encode):
    blank = encode(Image.new("L", (50, 50), 255))
    files = [
        ("a.png", encode(seven)),
        ("b.txt", b"hello"),
        ("c.tiff", encode(seven, "TIFF")),
        ("d.png", blank),
        ("e.png", encode(seven)[:100]),
        ("f.jpg", encode(seven, "JPEG")),
    ]
    response = post(client, *files)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.headers["Picture-Count"] == "6"
    assert names(response) == [name for name, _ in files]
    assert codes(response) == [
        "7",
        "unsupported_picture",
        "7",
        "empty_drawing",
        "broken_picture",
        "7",
    ]
    first = response.get_json()[0]["answer"]
    alone = client.post("/api/v1/predict", json={"image": data_url(files[0][1])}).get_json()
    own = {"prediction_id", "elapsed_ms"}
    assert {k: v for k, v in first.items() if k not in own} == {
        k: v for k, v in alone.items() if k not in own
    }
    assert first["prediction_id"] not in ("", alone["prediction_id"])


def test_the_answers_come_one_by_one_each_on_a_line(client, seven_png):
    response = client.post(
        "/api/v1/batch",
        data={"image": [(io.BytesIO(seven_png), f"{n}.png") for n in range(3)]},
    )
    chunks = [chunk.decode() for chunk in response.iter_encoded()]
    assert [json.loads(chunk.rstrip(",\n"))["file"] for chunk in chunks[1:-1]] == [
        "0.png",
        "1.png",
        "2.png",
    ]
    response.close()


def test_the_pictures_of_an_archive_stand_in_its_place(client, seven_png):
    archive = zipped(
        {
            "seven/1.png": seven_png,
            "__MACOSX/seven/._1.png": b"x",
            ".DS_Store": b"x",
            "folder/": b"",
            "../../up.png": seven_png,
            "C:\\windows\\w.png": seven_png,
            "größe\u202e.png": seven_png,
            "again.zip": zipped({"inner.png": seven_png}),
        }
    )
    response = post(client, ("0.png", seven_png), ("all.zip", archive), ("x/9.png", seven_png))
    assert names(response) == [
        "0.png",
        "seven/1.png",
        "up.png",
        "C:/windows/w.png",
        "größe.png",
        "again.zip",
        "9.png",
    ]
    assert codes(response) == [*["7"] * 5, "unsupported_picture", "7"]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("数七.png", "utf-8"),
        ("七号.png", "gbk"),
        ("手写（二）.png", "gbk"),
        ("compañía.png", "cp437"),
        ("größe.png", "cp437"),
    ],
)
def test_a_name_whose_encoding_is_not_said_is_read_as_it_was_written(name, encoding):
    written = name.encode(encoding)
    archive = bytearray(zipped({"x" * len(written): b"x"}).replace(b"x" * len(written), written))
    (info,) = opened(io.BytesIO(bytes(archive)), 10).infolist()
    assert name_of(info) == name


def test_a_name_that_is_text_already_is_left_alone():
    assert name_of(zipfile.ZipInfo("七号.png")) == "七号.png"


def test_mode_and_model_are_those_of_all_pictures(client, seven_png):
    files = [("7.png", seven_png)] * 2
    response = post(client, *files, mode="number", model="lenet5")
    assert [each["answer"]["model"]["name"] for each in response.get_json()] == ["lenet5"] * 2
    assert post(client, *files, mode="word").get_json()["code"] == "invalid_request"
    assert post(client, *files, model="oracle").get_json()["code"] == "unknown_model"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\3\4 and no more", "bad_archive"),
        (zipped({}), "bad_archive"),
        (zipped({"__MACOSX/x": b""}), "bad_archive"),
        (zipped({"a.png": bytes(batch_files.image.MAX_BYTES + 1)}), "too_large"),
        (zipped({"a.png": b"x" * 99}, zipfile.ZIP_LZMA), "broken_picture"),
        (zipped({"a.png": b"x" * 99}, zipfile.ZIP_STORED).replace(b"xx", b"xy"), "broken_picture"),
    ],
)
def test_an_archive_or_entry_that_cannot_be_read_leaves_the_others(
    client, seven_png, content, code
):
    response = post(client, ("x.zip", content), ("7.png", seven_png))
    assert codes(response) == [code, "7"]


def test_more_than_a_thousand_files_are_too_many(client):
    response = post(client, *[("x.png", b"")] * 1_020)
    assert (response.status_code, response.get_json()["code"]) == (413, "too_many_pictures")


def test_limits_hold_for_files_and_archives_together(client, seven_png, monkeypatch):
    monkeypatch.setattr(batch_files, "MAX_PICTURES", 3)
    archive = zipped({f"{n}.png": seven_png for n in range(3)})
    assert post(client, ("all.zip", archive)).status_code == 200
    for files in (
        [("0.png", seven_png), ("all.zip", archive)],
        [("more.zip", zipped({f"{n}.png": b"" for n in range(4)}))],
        [(f"{n}.png", b"") for n in range(4)],
    ):
        response = post(client, *files)
        assert (response.status_code, response.get_json()["code"]) == (413, "too_many_pictures")
    monkeypatch.setattr(batch_files, "_MAX_ENTRIES", 5)
    folders = zipped({f"{n}/": b"" for n in range(3)})
    response = post(client, ("a.zip", folders), ("b.zip", folders))
    assert response.get_json()["code"] == "too_many_pictures"


def test_what_archives_hold_unpacked_is_limited_before_it_is_unpacked(client, monkeypatch):
    monkeypatch.setattr(batch_files, "_MAX_UNPACKED", 20 << 20)
    monkeypatch.setattr(batch_files.archives, "unpacked", lambda *_: pytest.fail("unpacked"))
    bomb = zipped({f"{n}.bmp": bytes(9 << 20) for n in range(2)})
    assert len(bomb) < 1 << 20
    response = post(client, *[(f"{n}.zip", bomb) for n in range(2)])
    assert (response.status_code, response.get_json()["code"]) == (413, "too_large")


def test_a_body_of_64_mb_is_allowed_and_no_more(client):
    declared = {"CONTENT_LENGTH": str(batch_files.MAX_BYTES + 1)}
    response = client.post(
        "/api/v1/batch", environ_overrides=declared, content_type="multipart/form-data; boundary=x"
    )
    assert (response.status_code, response.get_json()["code"]) == (413, "too_large")
    files = [("big.bin", bytes(batch_files.image.MAX_BYTES + 1)), ("b.bin", bytes(9 << 20))]
    assert codes(post(client, *files)) == ["too_large", "unsupported_picture"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 400),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n7\r\n--x--',
            "multipart/form-data; boundary=x",
            400,
        ),
    ],
)
def test_what_is_no_form_with_files_is_refused(client, body, kind, status):
    response = client.post("/api/v1/batch", data=body, content_type=kind)
    assert response.status_code == status


def test_the_batches_of_a_client_at_once_are_limited_and_end_with_their_response(client, seven_png):
    def begin():
        return client.post("/api/v1/batch", data={"image": [(io.BytesIO(seven_png), "7.png")]})

    under_way = [begin() for _ in range(4)]
    refused = begin()
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"]
    under_way[0].close()  # the client has gone
    under_way[0].close()
    under_way.append(begin())
    assert under_way[-1].status_code == 200
    assert begin().status_code == 429
    for response in under_way:
        response.close()
    assert post(client, ("x", b""), mode="word").status_code == 400  # gives its place back too
    assert all(post(client, ("7.png", seven_png)).status_code == 200 for _ in range(5))


class Unread(io.RawIOBase):
    """A body that nobody may ask for."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer):
        raise AssertionError("the body was received")


def test_a_batch_beyond_the_limit_is_refused_before_its_body_is_received(client, seven_png):
    def begin(body, length):
        sent = {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
        form = "multipart/form-data; boundary=x"
        return client.post("/api/v1/batch", content_type=form, environ_overrides=sent)

    begun = [post_unread(client, seven_png) for _ in range(4)]
    refused = begin(Unread(), batch_files.MAX_BYTES)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_requests")
    for response in begun:
        response.close()
    for _ in range(5):  # a body that ends early gives its place back
        broken = begin(io.BytesIO(b"--x"), 100)
        assert (broken.status_code, broken.get_json()["code"]) == (400, "incomplete")


def post_unread(client, png: bytes):
    """A batch whose answers are not read yet."""
    return client.post("/api/v1/batch", data={"image": [(io.BytesIO(png), "7.png")]})


def test_slots_are_of_each_client_and_of_all():
    slots = Slots(3, 2)
    assert [slots.take(client) for client in "aaabb"] == [True, True, False, True, False]
    slots.release("a")
    assert slots.take("b")


def test_a_batch_waits_for_its_rate_and_leaves_half_of_the_bucket(tmp_path, seven_png, monkeypatch):
    app = create_app(Settings(home=str(tmp_path), rate_limit=2))
    now = [0.0]
    throttle = app.extensions["inkling"].limits.requests
    throttle.clock = lambda: now[0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("webapp.api.batch.time.sleep", sleep)
    client = app.test_client()
    assert codes(post(client, *[("7.png", seven_png)] * 6)) == ["7"] * 6
    assert waits == []
    assert codes(post(client, *[("7.png", seven_png)] * 8)) == ["7"] * 8
    assert 3 <= sum(waits) < 3.5  # 16 requests, and what the pictures' pixels cost, less 10
    others = [client.get("/api/v1/models").status_code for _ in range(9)]
    assert others == [200] * 9


def test_a_reserve_is_kept_from_who_asks_for_it_alone():
    throttle = Throttle(1, clock=lambda: 0.0)
    assert [throttle.take("a", 0.8) for _ in range(3)] == [0, 0, pytest.approx(1)]
    assert [throttle.take("a") for _ in range(9)] == [*[0] * 8, pytest.approx(1)]


def test_a_process_that_stops_ends_the_list_at_once(app, seven_png):
    app.extensions["inkling"].is_stopping = lambda: True
    assert codes(post(app.test_client(), *[("7.png", seven_png)] * 3)) == ["overloaded"] * 3


def test_an_error_of_ours_is_that_of_one_picture(client, seven_png, monkeypatch):
    calls = iter([True, False])
    real = batch_files.image.decode
    monkeypatch.setattr(
        "webapp.http.images.decode", lambda content: 1 / 0 if next(calls) else real(content)
    )
    response = post(client, ("a.png", seven_png), ("b.png", seven_png))
    assert codes(response) == ["internal_error", "7"]
    assert "ZeroDivision" not in response.text


@settings(max_examples=40, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 400),
)
def test_a_damaged_archive_is_refused_or_read(flips, cut):
    content = bytearray(zipped({"a.png": b"a" * 50, "b/c.png": b"b" * 50}))
    for at, value in flips:
        content[at % len(content)] = value
    try:
        archive = opened(io.BytesIO(bytes(content[: len(content) - cut % 200])), 10)
        for info in archive.infolist():
            name = name_of(info)
            assert not name.startswith("/")
            assert ".." not in name.split("/")
            assert len(unpacked(archive, info, 100)) <= 100
    except BadArchive:
        pass
