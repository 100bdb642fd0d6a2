"""Fetching the public originals of the data sets: checked by hash, resumed where they broke off."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import numpy as np

from trainer.atomic import write_file
from trainer.data.strokes import unipen
from trainer.data.strokes.records import Record, write
from trainer.errors import TrainerError

_BLOCK = 1 << 20
_TIMEOUT = 60  # seconds without a byte

Report = Callable[[str], None]
"""Tells what is being done, in a line."""


@dataclass(frozen=True, slots=True)
class Original:
    """One file on a server and its checksum, `md5:…` or `sha256:…`."""

    url: str
    checksum: str


MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
UNIPEN_URL = "https://zenodo.org/api/records/"
UNIPEN_RECORD = "1195803"
PENDIGITS_URL = "https://archive.ics.uci.edu/static/public/81/"
PENDIGITS_FILES = {
    "pen+based+recognition+of+handwritten+digits.zip": (
        "sha256:1e02bea023613c2b11c9492f6f34caf975420455934f3527d270cee9a1f03b64"
    )
}


def fetch_mnist(folder: Path, report: Report, url: str = MNIST_URL) -> None:
    """Put MNIST's four files where torchvision looks for them, under `folder`/mnist."""
    raw = folder / "mnist" / "MNIST" / "raw"
    for name, checksum in MNIST_FILES.items():
        packed = download(Original(url + name, checksum), folder / "downloads" / name, report)
        write_file(raw / name.removesuffix(".gz"), gzip.decompress(packed.read_bytes()))
    report(f"MNIST is in {raw}")


def fetch_unipen(folder: Path, report: Report, url: str = UNIPEN_URL) -> None:
    """Turn the UNIPEN archive into records of digits and of letters, under `folder`/strokes.

    The record's page names its file and the checksum of it.
    """
    original = _file_of_record(url + UNIPEN_RECORD)
    name = Path(urllib.parse.urlparse(original.url).path.removesuffix("/content")).name
    archive = download(original, folder / "downloads" / name, report)
    with _unpacked(archive, report) as top:
        root = _root_of_unipen(top)
        for kind, categories in {"digits": (unipen.DIGITS,), "letters": unipen.LETTERS}.items():
            report(f"reading the {kind} …")
            file = folder / "strokes" / f"{kind}-unipen.jsonl.gz"
            report(f"{write(file, unipen.read_archive(root, categories)):,} {kind} are in {file}")


def fetch_pendigits(folder: Path, report: Report, url: str = PENDIGITS_URL) -> None:
    """Turn the original coordinates of pendigits' training part into records."""
    for name, checksum in PENDIGITS_FILES.items():
        archive = download(Original(url + name, checksum), folder / "downloads" / name, report)
        file = folder / "strokes" / "digits-pendigits.jsonl.gz"
        report(f"{write(file, read_pendigits(archive)):,} digits are in {file}")


DATA: dict[str, Callable[..., None]] = {
    "mnist": fetch_mnist,
    "unipen": fetch_unipen,
    "pendigits": fetch_pendigits,
}


def download(original: Original, file: Path, report: Report) -> Path:
    """Download to `file`, going on where an earlier try broke off, and compare the checksum.

    A file that is there and right is not downloaded again. Raises `TrainerError` when the server
    cannot be reached, breaks off, or sends something else; what came stays for the next try unless
    it is wrong.
    """
    if file.exists() and _checksum(file, original.checksum) == original.checksum:
        return file
    part = file.with_name(file.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.exists() else 0
    report(f"{'going on with' if have else 'downloading'} {original.url}")
    request = urllib.request.Request(original.url)  # noqa: S310  the schemes are ours
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
            expected = (have if resumed else 0) + int(answer.headers.get("Content-Length") or -1)
            with part.open("ab" if resumed else "wb") as out:
                shutil.copyfileobj(answer, out, _BLOCK)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # all of it is here already
            raise TrainerError(f"{original.url}: {error.code} {error.reason}") from error
        expected = have
    except OSError as error:
        raise TrainerError(
            f"{original.url}: {error}; what came is kept, and the same command goes on from there"
        ) from error
    if part.stat().st_size < expected:
        raise TrainerError(f"{original.url}: broke off; the same command goes on from there")
    if _checksum(part, original.checksum) != original.checksum:
        part.unlink()
        raise TrainerError(f"{original.url}: the checksum is wrong; the file was deleted")
    part.replace(file)
    return file


def read_pendigits(archive: Path) -> Iterator[Record]:
    """Yield the digits of `pendigits-orig.tra.Z`; a comment gives digit, writer and number."""
    with zipfile.ZipFile(archive) as members:
        packed = members.read("pendigits-orig.tra.Z")
    # Python has no reader for compress(1); gzip(1) has.
    unpacked = subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=False)  # noqa: S607
    if unpacked.returncode:
        raise TrainerError(f"{archive}: pendigits-orig.tra.Z is damaged")
    for segment in unpacked.stdout.decode("latin-1").split(".SEGMENT DIGIT")[1:]:
        label = segment.split('"')[1]
        writer = segment.split(".COMMENT", 1)[1].split()[1]
        blocks = [block.split(".PEN_UP")[0].split() for block in segment.split(".PEN_DOWN")[1:]]
        points = [np.array(block, np.float64).reshape(-1, 2) for block in blocks]
        yield Record(label, unipen.y_down(points), f"pendigits/{writer}", "pendigits")


def _file_of_record(url: str) -> Original:
    """The one archive that a Zenodo record holds."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310
            files = json.load(answer)["files"]
        archives = [f for f in files if f["key"].endswith((".tgz", ".tar.gz", ".zip"))]
        return Original(archives[0]["links"]["self"], archives[0]["checksum"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise TrainerError(f"{url}: no record of an archive ({error})") from error


@contextlib.contextmanager
def _unpacked(archive: Path, report: Report) -> Iterator[Path]:
    report(f"unpacking {archive.name} …")
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        try:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as members:
                    members.extractall(folder)  # noqa: S202  zipfile keeps within the folder
            else:
                with tarfile.open(archive) as members:
                    _extract_files(members, Path(folder).resolve())
        except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise TrainerError(f"{archive}: cannot be unpacked: {error}") from error
        yield Path(folder)


def _extract_files(members: tarfile.TarFile, folder: Path) -> None:
    """The plain files, within the folder: `extractall` can be told so only since Python 3.11.4."""
    for member in members:
        content = members.extractfile(member) if member.isfile() else None
        if content:
            file = (folder / member.name).resolve()
            if not file.is_relative_to(folder):
                raise tarfile.TarError(f"{member.name} would lie outside")
            file.parent.mkdir(parents=True, exist_ok=True)
            with content, file.open("wb") as copy:
                shutil.copyfileobj(content, copy)


def _root_of_unipen(top: Path) -> Path:
    for include in sorted(top.rglob("include")):
        if (include.parent / "data" / unipen.DIGITS).is_dir():
            return include.parent
    raise TrainerError("the archive holds no `include` beside `data`: not UNIPEN")


def _checksum(file: Path, like: str) -> str:
    """The file's checksum by the method that `like` was made by."""
    method = like.partition(":")[0]
    with file.open("rb") as content:
        return f"{method}:{hashlib.file_digest(content, method).hexdigest()}"
