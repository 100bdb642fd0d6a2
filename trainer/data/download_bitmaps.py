"""Downloads the data sets of bitmaps, and verifies the digits that they hold."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from trainer.atomic import write_file
from trainer.data.bitmaps import MAX_BYTES, Parse
from trainer.data.compress_z import decompress
from trainer.data.datasets import optdigits, semeion
from trainer.data.download import Original, download
from trainer.errors import TrainerError
from trainer.progress import ReportProgress


@dataclass(frozen=True, slots=True)
class Published:
    """An archive with a file of bitmaps, and the hash of its digits."""

    archive: str
    member: str
    file: str
    """Where it belongs, under the data folder."""
    parse: Parse
    sha256: str
    """As `Bitmaps.sha256`, the same for any layout of the file."""


SEMEION_URL = "https://archive.ics.uci.edu/static/public/178/"
SEMEION = Published(
    "semeion+handwritten+digit.zip",
    "semeion.data",
    semeion.FILE,
    semeion.parse_semeion,
    "a28e8db38c7bd837208fdef540ff937a9dadba600d25778df7c78c80b04a462f",
)
OPTDIGITS_URL = "https://archive.ics.uci.edu/static/public/80/"
OPTDIGITS = Published(
    "optical+recognition+of+handwritten+digits.zip",
    "optdigits-orig.tra.Z",
    optdigits.FILE,
    optdigits.parse_optdigits,
    "0a3ac3a41895c34eaf61db02429e16ee3a25a348a68a10e1d8ed5a369abd8047",
)


def fetch_semeion(folder: Path, report: ReportProgress, url: str = SEMEION_URL) -> None:
    """Download Semeion, under `folder`/uci; `url` is the folder of a mirror.

    Raises `TrainerError` as `download` does, and if the archive holds other digits.
    """
    _fetch(folder, SEMEION, url, report)


def fetch_optdigits(folder: Path, report: ReportProgress, url: str = OPTDIGITS_URL) -> None:
    """Download the training part of Optdigits, in original bitmaps; as `fetch_semeion`."""
    _fetch(folder, OPTDIGITS, url, report)


def _fetch(folder: Path, published: Published, url: str, report: ReportProgress) -> None:
    original = Original(url + published.archive)
    archive = download(original, folder / "downloads" / published.archive, report)
    try:
        content = _read_member(archive, published.member)
        found = published.parse(content.decode("ascii"))
        if found.sha256() != published.sha256:
            raise ValueError("its digits are not those that were published")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        archive.unlink()
        raise TrainerError(f"{original.url}: {published.member}: {error}") from error
    write_file(folder / published.file, content)
    report(f"{len(found.labels):,} digits are in {folder / published.file}")


def _read_member(archive: Path, name: str) -> bytes:
    """The content of a member, decompressed. Raises `ValueError` if it is too large or damaged."""
    with zipfile.ZipFile(archive) as members, members.open(name) as member:
        content = member.read(MAX_BYTES + 1)
    content = decompress(content) if name.endswith(".Z") else content
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES >> 20} MB")
    return content
