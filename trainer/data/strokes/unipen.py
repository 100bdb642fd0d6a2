"""Reading the UNIPEN archive (Guyon et al. 1994, "UNIPEN project of on-line data exchange").

The archive is a tree of text files of keywords that begin a line with a dot. Under `data/CATEGORY`
lie files of segments, which name their ink by `.INCLUDE` of files under `include`. Ink is counted
in components: each `.PEN_DOWN` block, and each `.PEN_UP` block that has points, from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trainer.data.strokes.records import Record
from trainer.errors import TrainerError
from trainer.recognition.strokes import Line, Strokes

DIGITS = "1a"
LETTERS = ("1b", "1c", "1d")

_RANGE = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")
_RESOLUTION = re.compile(r"([XY])_POINTS_PER_(?:MM|INCH)\s+(\d+(?:\.\d+)?)")
_LABEL = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(slots=True)
class _Component:
    """Points as they are in the file, y upwards, and whether the pen was down."""

    down: bool
    points: Line


@dataclass(slots=True)
class _Ink:
    """What the included files hold, one after the other."""

    components: list[_Component] = field(default_factory=list)
    columns: tuple[int, int] = (0, 1)  # of x and y
    resolution: dict[str, float] = field(default_factory=dict)  # points per length, of x and y
    writer: str | None = None

    @property
    def squareness(self) -> float:
        """What a length in y is to be multiplied by to be one in x."""
        return self.resolution.get("X", 1.0) / self.resolution.get("Y", 1.0)


def read_archive(root: Path, categories: Iterable[str]) -> Iterator[Record]:
    """Yield every labelled character of these categories, file by file in order of name.

    `root` holds `data` and `include`. A writer is named `SITE/WRITER`, the site being the folder
    under the category. Raises `TrainerError` where the archive is not as it should be.
    """
    for category in categories:
        top = root / "data" / category
        files = sorted(path for path in top.rglob("*") if path.is_file())
        if not files:
            raise TrainerError(f"there is nothing in {top}")
        for file in files:
            yield from read_file(file, root / "include", site=file.relative_to(top).parts[0])


def read_file(file: Path, include: Path, site: str) -> Iterator[Record]:
    """Yield the labelled characters of one file of segments."""
    ink = _Ink()
    segments: list[tuple[str, str]] = []
    _read(file, include, ink, segments, depth=0)
    writer = f"{site}/{ink.writer or file.stem}"
    for where, label in segments:
        try:
            strokes = _strokes(ink, where)
        except ValueError as error:
            raise TrainerError(f"{file}: segment {where}: {error}") from error
        if strokes:
            yield Record(label, strokes, writer, "unipen")


def _read(
    file: Path, include: Path, ink: _Ink, segments: list[tuple[str, str]], depth: int
) -> None:
    """Follow one file and those that it includes; `ink` and `segments` grow."""
    if depth > 8:
        raise TrainerError(f"{file}: files include each other without end")
    try:
        text = file.read_text(encoding="latin-1")
    except OSError as error:
        raise TrainerError(f"{file}: {error.strerror}") from error
    for keyword, argument, body in _statements(text):
        match keyword:
            case "INCLUDE":
                _read(_within(include, argument), include, ink, segments, depth + 1)
            case "COORD":
                names = argument.upper().split()
                if not {"X", "Y"} <= set(names):
                    raise TrainerError(f"{file}: .COORD without X and Y")
                ink.columns = (names.index("X"), names.index("Y"))
            case _ if match := _RESOLUTION.fullmatch(f"{keyword} {argument}"):
                ink.resolution[match[1]] = float(match[2]) or 1.0
            case "WRITER_ID":
                ink.writer = "_".join(argument.split()) or None
            case "PEN_DOWN" | "PEN_UP":
                points = _points(body, ink.columns, file)
                if keyword == "PEN_DOWN" or len(points):
                    ink.components.append(_Component(keyword == "PEN_DOWN", points))
            case "SEGMENT":
                segment = _segment(argument)
                if segment:
                    segments.append(segment)


def _within(include: Path, name: str) -> Path:
    path = (include / name.strip()).resolve()
    if not path.is_relative_to(include.resolve()):
        raise TrainerError(f".INCLUDE {name}: outside the archive")
    return path


def _statements(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (keyword, rest of its line, lines that follow it)."""
    keyword, argument = "", ""
    body: list[str] = []
    for line in text.splitlines():
        if line.startswith("."):
            if keyword:
                yield keyword, argument, body
            keyword, _, argument = line[1:].strip().partition(" ")
            keyword, tab, rest = keyword.partition("\t")
            argument, body = (rest + " " + argument if tab else argument).strip(), []
        else:
            body.append(line)
    if keyword:
        yield keyword, argument, body


def _points(lines: list[str], columns: tuple[int, int], file: Path) -> Line:
    points = []
    for line in lines:
        numbers = line.split()
        if not numbers:
            continue
        try:
            points.append([float(numbers[column]) for column in columns])
        except (ValueError, IndexError):
            raise TrainerError(f"{file}: {line.strip()!r} is not a point") from None
    return np.array(points, np.float64).reshape(-1, 2)


def _segment(argument: str) -> tuple[str, str] | None:
    """(components, label) of a character: `CHARACTER 4-5 ? "4"`; None for words and lines."""
    kind, _, rest = argument.partition(" ")
    where, _, _ = rest.strip().partition(" ")
    label = _LABEL.search(rest)
    if kind not in ("CHARACTER", "DIGIT") or not label:
        return None
    text = re.sub(r"\\(.)", r"\1", label[1])
    return (where, text) if len(text) == 1 else None


def _strokes(ink: _Ink, where: str) -> Strokes:
    """The pen-down strokes of `0-2`, `4:10-5:3` or lists of them, y down, from (0, 0).

    Where a tablet resolves x and y differently, y is brought to the unit of x.
    """
    components = ink.components
    lines: Strokes = []
    for part in where.split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            raise ValueError(f"{part!r} is no range of components")
        first, last = int(match[1]), int(match[3] or match[1])
        if not first <= last < len(components):
            raise ValueError(f"there are {len(components)} components")
        start = int(match[2] or 0)
        # `4:10` alone is one point; with no offset at its end a range reaches the last point.
        end = int(match[4]) if match[4] else (start if match[2] and not match[3] else None)
        for number in range(first, last + 1):
            points = components[number].points
            low = start if number == first else 0
            high = end + 1 if number == last and end is not None else len(points)
            if components[number].down and len(points[low:high]):
                lines.append(points[low:high])
    if not lines:
        return []
    return y_down(lines, ink.squareness)


def y_down(lines: Strokes, squareness: float = 1.0) -> Strokes:
    """Strokes with y upwards to strokes with y down from (0, 0); y is multiplied on the way."""
    every = np.vstack(lines)
    left, top = every[:, 0].min(), every[:, 1].max()
    return [
        np.column_stack([line[:, 0] - left, ((top - line[:, 1]) * squareness).round(2)])
        for line in lines
    ]
