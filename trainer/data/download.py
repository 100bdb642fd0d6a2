"""Downloads the public data sets, verified by checksum and resumed after an interruption."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from trainer.atomic import write_file
from trainer.data.compress_z import decompress
from trainer.data.strokes import unipen
from trainer.data.strokes.pendigits import TEST_FILE as PENDIGITS_TEST
from trainer.data.strokes.pendigits import parse_pendigits
from trainer.data.strokes.records import write
from trainer.errors import TrainerError
from trainer.progress import ReportProgress

_BLOCK_SIZE = 1 << 20  # bytes
_TIMEOUT = 60  # seconds without data


@dataclass(frozen=True, slots=True)
class Original:
    """A file on a server, and its checksum as `md5:…` or `sha256:…`, hexadecimal.

    Without a checksum, the caller verifies what the file holds.
    """

    url: str
    checksum: str | None = None


MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
QMNIST_URL = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
QMNIST_FILES = {
    "qmnist-test-images-idx3-ubyte.gz": "md5:1394631089c404de565df7b7aeaf9412",
    "qmnist-test-labels-idx2-int.gz": "md5:5b5b05890a5e13444e108efe57b788aa",
}
UNIPEN_URL = "https://zenodo.org/api/records/"
UNIPEN_RECORD = "1195803"
PENDIGITS_URL = "https://archive.ics.uci.edu/static/public/81/"
PENDIGITS_FILES = {
    "pen+based+recognition+of+handwritten+digits.zip": (
        "sha256:1e02bea023613c2b11c9492f6f34caf975420455934f3527d270cee9a1f03b64"
    )
}


def fetch_mnist(folder: Path, report: ReportProgress, url: str = MNIST_URL) -> None:
    """Download MNIST's four files to `folder`/mnist, in the layout of torchvision.

    `url` is the folder of a mirror. Raises `TrainerError` as `download` does.
    """
    _fetch_packed(folder, "mnist/MNIST/raw", url, MNIST_FILES, report)


def fetch_qmnist(folder: Path, report: ReportProgress, url: str = QMNIST_URL) -> None:
    """Download QMNIST's test part to `folder`/qmnist, in the layout of torchvision.

    As `fetch_mnist`.
    """
    _fetch_packed(folder, "qmnist/QMNIST/raw", url, QMNIST_FILES, report)


def _fetch_packed(
    folder: Path, where: str, url: str, files: Mapping[str, str], report: ReportProgress
) -> None:
    """Download files, given by name with their checksums, and decompress them to `where`."""
    for name, checksum in files.items():
        packed = download(Original(url + name, checksum), folder / "downloads" / name, report)
        write_file(folder / where / name.removesuffix(".gz"), gzip.decompress(packed.read_bytes()))
    report(f"{len(files)} files are in {folder / where}")


def fetch_unipen(folder: Path, report: ReportProgress, url: str = UNIPEN_URL) -> None:
    """Download UNIPEN and convert it to records of digits and of letters, under `folder`/strokes.

    `url` is the base of Zenodo's API, which gives the archive's URL and checksum. Raises
    `TrainerError` as `download` does, and if the archive is malformed.
    """
    original = _archive_of_zenodo_record(url + UNIPEN_RECORD)
    name = Path(urllib.parse.urlparse(original.url).path.removesuffix("/content")).name
    archive = download(original, folder / "downloads" / name, report)
    with _unpacked(archive, report) as top:
        root = _root_of_unipen(top)
        for kind, categories in {"digits": (unipen.DIGITS,), "letters": unipen.LETTERS}.items():
            report(f"reading the {kind} …")
            file = folder / "strokes" / f"{kind}-unipen.jsonl.gz"
            report(f"{write(file, unipen.read_archive(root, categories)):,} {kind} are in {file}")


def fetch_pendigits(folder: Path, report: ReportProgress, url: str = PENDIGITS_URL) -> None:
    """Download pendigits; its training set becomes records, under `folder`/strokes.

    The test set stays as it is, under `folder`/uci, where no training finds it. `url` is the folder
    of a mirror. Raises `TrainerError` as `download` does, and if the archive is damaged.
    """
    for name, checksum in PENDIGITS_FILES.items():
        archive = download(Original(url + name, checksum), folder / "downloads" / name, report)
        file = folder / "strokes" / "digits-pendigits.jsonl.gz"
        training = parse_pendigits(_pendigits_part(archive, "pendigits-orig.tra.Z"))
        report(f"{write(file, training):,} digits are in {file}")
        file = folder / PENDIGITS_TEST
        test = _pendigits_part(archive, "pendigits-orig.tes.Z")
        write_file(file, test.encode("latin-1"))
        report(f"{len(parse_pendigits(test)):,} test digits are in {file}")


def download(original: Original, file: Path, report: ReportProgress) -> Path:
    """Download to `file`, resuming an interrupted download, and verify the checksum.

    A file that exists with the right checksum is not downloaded again. Raises `TrainerError` if the
    server cannot be reached, the connection breaks, or the checksum is wrong; a partial file is
    kept for the next attempt unless its checksum is wrong.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(file.parent):
        if not (file.exists() and _has_checksum(file, original)):
            _download(original, file, report)
    return file


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Make other processes that download to the folder wait; on Windows, they do not."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _download(original: Original, file: Path, report: ReportProgress) -> None:
    part = file.with_name(file.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    report(f"{'resuming' if have else 'downloading'} {original.url}")
    request = urllib.request.Request(original.url)  # noqa: S310 - only our own URLs
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
            expected = (have if resumed else 0) + int(answer.headers.get("Content-Length") or -1)
            with part.open("ab" if resumed else "wb") as out:
                shutil.copyfileobj(answer, out, _BLOCK_SIZE)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # the partial file is complete
            raise TrainerError(f"{original.url}: {error.code} {error.reason}") from error
        expected = have
    except OSError as error:
        raise TrainerError(
            f"{original.url}: {error}; run the same command again to resume the download"
        ) from error
    if part.stat().st_size < expected:
        raise TrainerError(
            f"{original.url}: connection lost; run the same command again to resume the download"
        )
    if not _has_checksum(part, original):
        part.unlink()
        raise TrainerError(f"{original.url}: wrong checksum; the file was deleted")
    part.replace(file)


def _pendigits_part(archive: Path, name: str) -> str:
    """The text of a member of the archive. Raises `TrainerError` if it is damaged."""
    with zipfile.ZipFile(archive) as members:
        packed = members.read(name)
    try:
        return decompress(packed).decode("latin-1")
    except ValueError as error:
        raise TrainerError(f"{archive}: {name}: {error}") from error


def _archive_of_zenodo_record(url: str) -> Original:
    """The archive in a Zenodo record, given the record's URL in the API."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310
            files = json.load(answer)["files"]
        archives = [f for f in files if f["key"].endswith((".tgz", ".tar.gz", ".zip"))]
        return Original(archives[0]["links"]["self"], archives[0]["checksum"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise TrainerError(f"{url}: not a record of an archive ({error})") from error


@contextmanager
def _unpacked(archive: Path, report: ReportProgress) -> Iterator[Path]:
    report(f"unpacking {archive.name} …")
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        try:
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as members:
                    members.extractall(folder)  # noqa: S202 - zipfile does not leave the folder
            else:
                with tarfile.open(archive) as members:
                    _extract_files(members, Path(folder).resolve())
        except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise TrainerError(f"{archive}: cannot be unpacked: {error}") from error
        yield Path(folder)


def _extract_files(members: tarfile.TarFile, folder: Path) -> None:
    """Extract regular files within the folder; `extractall` has filters since Python 3.11.4."""
    for member in members:
        content = members.extractfile(member) if member.isfile() else None
        if content:
            file = (folder / member.name).resolve()
            if not file.is_relative_to(folder):
                raise tarfile.TarError(f"{member.name} would be outside of the folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            with content, file.open("wb") as copy:
                shutil.copyfileobj(content, copy)


def _root_of_unipen(top: Path) -> Path:
    """The folder, at any depth, that contains `include` and `data`."""
    for include in sorted(top.rglob("include")):
        if (include.parent / "data" / unipen.DIGITS).is_dir():
            return include.parent
    raise TrainerError("not a UNIPEN archive: there is no folder with `include` and `data`")


def _has_checksum(file: Path, original: Original) -> bool:
    """Whether a file has its checksum, if one is known."""
    if original.checksum is None:
        return True
    method, _, expected = original.checksum.partition(":")
    with file.open("rb") as content:
        return hashlib.file_digest(content, method).hexdigest() == expected
