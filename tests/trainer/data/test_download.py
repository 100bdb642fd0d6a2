"""Downloading the public data sets, from a server on this machine."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trainer.cli.data import FETCHERS
from trainer.data import download as fetch
from trainer.data import download_bitmaps
from trainer.data.bitmaps import MAX_BYTES
from trainer.data.datasets import DATA_SETS
from trainer.data.download import Original, download
from trainer.data.samples import Split
from trainer.data.strokes.records import read
from trainer.errors import TrainerError

PENDIGITS = """.VERSION 1.0
.INCLUDE dene.doc
.SEGMENT DIGIT 0 ? "8"
.COMMENT 8 12 1
.PEN_DOWN
10 100
20 120
.PEN_UP
.DT 100
.SEGMENT DIGIT 1-2 ? "4"
.COMMENT 4 3 2
.PEN_DOWN
1 2
3 5
.PEN_UP
.DT 100
.PEN_DOWN
2 2
.PEN_UP
.DT 100
"""


class Server:
    """Serves files and ranges of them, and can break off in the middle."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.break_after: int | None = None
        self.ranges: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                asked = self.headers.get("Range")
                server.ranges.append(asked)
                start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
                if asked and start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206 if asked else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                part = content[start:]
                if server.break_after is not None:
                    part, server.break_after = part[: server.break_after], None
                with contextlib.suppress(OSError):
                    self.wfile.write(part)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


def quiet(_line: str) -> None:
    pass


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


CONTENT = bytes(range(256)) * 4000


def test_a_file_is_downloaded_once(server, tmp_path):
    server.files["/a"] = CONTENT
    original = Original(server.url + "a", sha256(CONTENT))
    for _ in range(2):
        assert download(original, tmp_path / "a", quiet).read_bytes() == CONTENT
    assert server.ranges == [None]


def test_an_interrupted_download_is_resumed(server, tmp_path):
    server.files["/a"] = CONTENT
    server.break_after = 300_000
    original = Original(server.url + "a", sha256(CONTENT))
    with pytest.raises(TrainerError, match="to resume the download"):
        download(original, tmp_path / "a", quiet)
    assert not (tmp_path / "a").exists()
    assert download(original, tmp_path / "a", quiet).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_complete_partial_file_is_not_downloaded_again(server, tmp_path):
    server.files["/a"] = CONTENT
    (tmp_path / "a.part").write_bytes(CONTENT)
    original = Original(server.url + "a", sha256(CONTENT))
    assert download(original, tmp_path / "a", quiet).read_bytes() == CONTENT


def test_a_file_with_a_wrong_checksum_is_deleted(server, tmp_path):
    server.files["/a"] = CONTENT
    with pytest.raises(TrainerError, match="wrong checksum"):
        download(Original(server.url + "a", sha256(b"other")), tmp_path / "a", quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["nothing", "http://127.0.0.1:9/none"])
def test_a_missing_file_or_server_is_reported_with_its_url(server, tmp_path, path):
    url = path if path.startswith("http") else server.url + path
    with pytest.raises(TrainerError, match=re.escape(url)):
        download(Original(url, "md5:0"), tmp_path / "a", quiet)


def test_processes_that_download_the_same_file_at_once_do_so_once(server, tmp_path):
    content = b"a file" * 100_000
    server.files = {"/a": content}
    original = Original(server.url + "a", f"md5:{hashlib.md5(content).hexdigest()}")
    reports: list[str] = []
    with ThreadPoolExecutor(4) as threads:  # each with a lock of its own, as processes have
        wanted = [tmp_path / "a"] * 4
        for file in threads.map(lambda file: download(original, file, reports.append), wanted):
            assert file.read_bytes() == content
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("name", "count", "labels"),
    [("mnist", 4, "t10k-labels-idx1-ubyte"), ("qmnist", 2, "qmnist-test-labels-idx2-int")],
)
def test_mnist_is_stored_in_the_layout_of_torchvision(
    server, tmp_path, monkeypatch, name, count, labels
):
    known = f"{name.upper()}_FILES"
    files = {file: gzip.compress(file.encode()) for file in getattr(fetch, known)}
    server.files = {f"/mnist/{file}": content for file, content in files.items()}
    sums = {file: f"md5:{hashlib.md5(c).hexdigest()}" for file, c in files.items()}
    monkeypatch.setattr(fetch, known, sums)
    FETCHERS[name](tmp_path, quiet, server.url + "mnist/")
    raw = tmp_path / name / name.upper() / "raw"
    assert (raw / labels).read_bytes() == f"{labels}.gz".encode()
    assert len(list(raw.iterdir())) == count


def unipen_archive(kind: str) -> bytes:
    ink = b".WRITER_ID Ann\n" + b".PEN_DOWN\n0 0\n5 9\n9 0\n.PEN_UP\n" * 40
    members = {"train/include/s/ink.dat": ink}
    for category, labels in {"1a": "0123456789", "1b": "AB", "1c": "ab", "1d": "+-"}.items():
        segments = "".join(f'.SEGMENT CHARACTER {i} ? "{c}"\n' for i, c in enumerate(labels))
        text = f".INCLUDE s/ink.dat\n{segments}"
        members[f"train/data/{category}/s/one.dat"] = text.encode()
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def serve_unipen(server, kind: str, content: bytes | None = None) -> None:
    content = content or unipen_archive(kind)
    path = f"/records/1195803/files/unipen.{kind}/content"
    server.files[path] = content
    listed = {
        "key": f"unipen.{kind}",
        "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
        "links": {"self": server.url.rstrip("/") + path},
    }
    readme = {"key": "README", "checksum": "md5:0", "links": {"self": "nowhere"}}
    server.files["/records/1195803"] = json.dumps({"files": [readme, listed]}).encode()


def serve_bitmaps(server, monkeypatch, content: bytes, known: str | None = None) -> None:
    """Serve an archive of Optdigits; `known` is the hash of its digits, by default the true one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("optdigits-orig.tra.Z", gzip.compress(content))
    published = download_bitmaps.OPTDIGITS
    server.files[f"/80/{published.archive}"] = file.getvalue()
    known = known or published.parse(content.decode()).sha256()
    changed = replace(published, sha256=known)
    monkeypatch.setattr(download_bitmaps, "OPTDIGITS", changed)


ONE_DIGIT = "header\n" + ("01" * 16 + "\n") * 32 + " 7\n"


def test_optdigits_are_fetched_and_loaded(server, tmp_path, monkeypatch):
    serve_bitmaps(server, monkeypatch, (5 * ONE_DIGIT).replace("header\n", "").encode())
    download_bitmaps.fetch_optdigits(tmp_path, quiet, server.url + "80/")
    loaded = DATA_SETS["optdigits"].load(Split.TRAIN, tmp_path, None, 0)
    assert loaded.labels.tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    ("content", "known", "reason"),
    [
        (ONE_DIGIT.encode(), "0" * 64, "not those that were published"),
        (b"hello", "0" * 64, "not those that were published"),
        (b"01" * 16 + b"\n", "0" * 64, "a digit has 32 lines"),
        (bytes(MAX_BYTES + 1), "0" * 64, "more than"),
    ],
)
def test_other_digits_are_not_stored(server, tmp_path, monkeypatch, content, known, reason):
    serve_bitmaps(server, monkeypatch, content, known)
    with pytest.raises(TrainerError, match=reason):
        download_bitmaps.fetch_optdigits(tmp_path, quiet, server.url + "80/")
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_one_command_converts_unipen_to_records_of_digits_and_letters(server, tmp_path, kind):
    serve_unipen(server, kind)
    command = [sys.executable, "-m", "trainer", "data", "fetch", "unipen"]
    result = subprocess.run(
        [*command, "--mirror", server.url + "records"],
        env=os.environ | {"INKLING_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    digits, letters = list(read(tmp_path, "digits")), list(read(tmp_path, "letters"))
    assert [record.label for record in digits] == list("0123456789")
    assert {record.writer for record in digits} == {"s/Ann"}
    assert {record.label for record in letters} == set("ABab+-")


@pytest.mark.parametrize("name", ["../evil", "/tmp/inkling-evil"])
def test_an_archive_cannot_write_outside_of_its_folder(server, tmp_path, name):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    serve_unipen(server, "tar.gz", file.getvalue())
    with pytest.raises(TrainerError, match="outside"):
        fetch.fetch_unipen(tmp_path, quiet, server.url + "records/")
    assert not list(tmp_path.rglob("evil"))
    assert not Path("/tmp/inkling-evil").exists()


def test_an_invalid_zenodo_record_is_reported(server, tmp_path):
    server.files["/records/1195803"] = b"{}"
    with pytest.raises(TrainerError, match="not a record of an archive"):
        fetch.fetch_unipen(tmp_path, quiet, server.url + "records/")


def test_pendigits_is_converted_to_records(server, tmp_path, monkeypatch):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # gzip(1) decompresses both its own format and that of compress(1).
        archive.writestr("pendigits-orig.tra.Z", gzip.compress(PENDIGITS.encode()))
        archive.writestr("pendigits-orig.tes.Z", gzip.compress(PENDIGITS[-110:].encode()))
    [name] = fetch.PENDIGITS_FILES
    server.files[f"/81/{name}"] = file.getvalue()
    monkeypatch.setattr(fetch, "PENDIGITS_FILES", {name: sha256(file.getvalue())})
    fetch.fetch_pendigits(tmp_path, quiet, server.url + "81/")
    eight, four = read(tmp_path, "digits")  # the test part is not among what is trained on
    assert (eight.label, eight.writer) == ("8", "pendigits/12")
    assert eight.strokes[0].tolist() == [[0, 20], [10, 0]]
    assert [line.tolist() for line in four.strokes] == [[[0, 3], [2, 0]], [[1, 3]]]
    assert DATA_SETS["pendigits"].load(Split.TEST, tmp_path, None, 0).labels.tolist() == [4]
