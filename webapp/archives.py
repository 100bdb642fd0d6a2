"""ZIP archives from untrusted senders: entries are bounded before anything is unpacked."""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress
from typing import BinaryIO

MAGIC = b"PK"
"""The first bytes of an archive."""

_ENTRY = b"PK\x01\x02"  # begins an entry of the directory
_ENTRY_BYTES = 320  # of the directory, for each entry, on average: more than names take
_NAME_CHARS = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UTF8 = 0x800  # flag of an entry whose name is UTF-8
_CHINESE = re.compile("[ -~、。《》一-鿿（），]+")  # no kana, as which "ñí" would be read


class BadArchive(ValueError):
    """The archive, or an entry of it, cannot be read; the message says why."""


class TooManyEntries(BadArchive):
    """The archive's directory is larger than is allowed."""


def opened(file: BinaryIO, most: int) -> zipfile.ZipFile:
    """Open an archive of at most `most` entries, folders among them.

    `zipfile` reads the directory at once and makes an object of each entry, so entries are counted
    before. Raises `BadArchive`.
    """
    reads = _BoundedReads(file, most)
    try:
        archive = zipfile.ZipFile(reads)
    except BadArchive:
        raise
    except Exception as error:  # `zipfile` raises all kinds of exceptions on malformed input
        raise BadArchive(f"not a ZIP archive, or a damaged one: {error}") from error
    reads.most = None
    return archive


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """The content of an entry of at most `most` bytes, and no byte more. Raises `BadArchive`."""
    if info.flag_bits & 1:
        raise BadArchive("it is encrypted")
    if info.compress_type not in _METHODS:
        raise BadArchive("it is compressed by a method other than deflate")
    if info.file_size > most:
        raise BadArchive(f"the picture is larger than {most >> 20} MB")
    try:
        with archive.open(info) as entry:
            content = entry.read(info.file_size + 1)
    except Exception as error:  # as above
        raise BadArchive(f"it is damaged: {error}") from error
    if len(content) != info.file_size:
        raise BadArchive("it is damaged: its size is not the stated one")
    return content


def name_of(info: zipfile.ZipInfo) -> str:
    """The name of an entry, which leads nowhere outside of the archive.

    Many programs write UTF-8 without saying so, and Chinese ones GBK, which is then read as code
    page 437. What is neither, or has letters of no Chinese text, is code page 437 indeed.
    """
    name = info.filename
    if not info.flag_bits & _UTF8:
        with suppress(UnicodeError):  # if it has other letters, and so was not read as that
            name = _decoded(name.encode("cp437")) or name
    parts = printable(name).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part.strip(" ."))


def _decoded(name: bytes) -> str | None:
    """A name in UTF-8, or in GBK if it is Chinese; None for others."""
    with suppress(UnicodeError):
        return name.decode()
    with suppress(UnicodeError):
        chinese = name.decode("gb2312")
        return chinese if _CHINESE.fullmatch(chinese) else None
    return None


def printable(name: str) -> str:
    """A name to show: without control characters and marks of direction, and not too long."""
    return "".join(filter(str.isprintable, name[: 2 * _NAME_CHARS]))[:_NAME_CHARS]


class _BoundedReads:
    """A file for `zipfile`, which refuses to read a directory of too many entries."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self.most: int | None = most  # until the directory is read
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if self.most is None:
            return self._file.read(size)
        if size <= self.most * _ENTRY_BYTES:
            content = self._file.read(size)
            if content.count(_ENTRY) <= self.most:
                return content
        raise TooManyEntries(f"more than {self.most:,} entries")
