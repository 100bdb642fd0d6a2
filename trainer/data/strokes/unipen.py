"""Parser of the UNIPEN archive (Guyon et al. 1994, "UNIPEN project of on-line data exchange").

The archive is a tree of text files, in which a keyword is a dot at the start of a line and a word.
Files under `data/CATEGORY` define segments (characters), and include the files under `include` that
contain the ink. Ink is numbered in components, from 0: each `.PEN_DOWN` block, and each `.PEN_UP`
block with points.
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
"""The category of isolated digits."""

LETTERS = ("1b", "1c", "1d")
"""The categories of isolated upper case letters, lower case letters and symbols."""

_MAX_INCLUDE_DEPTH = 8

_RANGE = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")
_RESOLUTION = re.compile(r"([XY])_POINTS_PER_(?:MM|INCH)\s+(\d+(?:\.\d+)?)")
_LABEL = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(slots=True)
class _Component:
    """A component of ink."""

    down: bool  # whether the pen was down
    points: Line  # as in the file, y up


@dataclass(slots=True)
class _Ink:
    """The concatenated content of the included files."""

    components: list[_Component] = field(default_factory=list)
    columns: tuple[int, int] = (0, 1)  # in which x and y stand
    resolution: dict[str, float] = field(
        default_factory=dict
    )  # points per unit of length, by axis: "X", "Y"
    writer: str | None = None

    @property
    def squareness(self) -> float:
        """The factor that converts lengths along y to the unit of x."""
        return self.resolution.get("X", 1.0) / self.resolution.get("Y", 1.0)


def read_archive(root: Path, categories: Iterable[str]) -> Iterator[Record]:
    """Yield all labeled characters of these categories, in the order of the files' names.

    `root` contains `data` and `include`. Writers are named `SITE/WRITER`; the site is the folder
    under the category. Raises `TrainerError` if the archive is malformed.
    """
    for category in categories:
        top = root / "data" / category
        files = sorted(path for path in top.rglob("*") if path.is_file())
        if not files:
            raise TrainerError(f"no files in {top}")
        for file in files:
            yield from read_file(file, root / "include", site=file.relative_to(top).parts[0])


def read_file(file: Path, include: Path, site: str) -> Iterator[Record]:
    """Yield the labeled characters of one file of segments.

    `include` is the folder of included files, `site` the prefix of the writer's name. Raises
    `TrainerError` if a file is missing or malformed.
    """
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
    """Read a file and those that it includes, and append to `ink` and `segments`, in place."""
    if depth > _MAX_INCLUDE_DEPTH:
        raise TrainerError(f"{file}: endless inclusion of files")
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
    """The path of an included file; raises `TrainerError` if it is outside of the folder."""
    path = (include / name.strip()).resolve()
    if not path.is_relative_to(include.resolve()):
        raise TrainerError(f".INCLUDE {name}: outside the archive")
    return path


def _statements(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (keyword, rest of its line, lines up to the next keyword)."""
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
    """Parse lines of numbers to points (x, y): float64 [n, 2]."""
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
    """(components, label) of a character, such as `CHARACTER 4-5 ? "4"`; None for longer text."""
    kind, _, rest = argument.partition(" ")
    where, _, _ = rest.strip().partition(" ")
    label = _LABEL.search(rest)
    if kind not in ("CHARACTER", "DIGIT") or not label:
        return None
    text = re.sub(r"\\(.)", r"\1", label[1])
    return (where, text) if len(text) == 1 else None


def _strokes(ink: _Ink, where: str) -> Strokes:
    """The pen-down strokes in ranges of components, such as `0-2`, `4:10-5:3` or lists of them.

    y points down, and the least x and y are 0. If the tablet has different resolutions along x and
    y, y is converted to the unit of x. Raises `ValueError` for an invalid range.
    """
    components = ink.components
    lines: Strokes = []
    for part in where.split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            raise ValueError(f"{part!r} is not a range of components")
        first, last = int(match[1]), int(match[3] or match[1])
        if not first <= last < len(components):
            raise ValueError(f"there are {len(components)} components")
        start = int(match[2] or 0)
        # `4:10` alone is one point; a range without an offset at its end includes the last point.
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
    """Convert strokes with y up to y down, moved so that the least x and y are 0.

    y is multiplied by `squareness` and rounded to 2 decimal places.
    """
    every = np.vstack(lines)
    left, top = every[:, 0].min(), every[:, 1].max()
    return [
        np.column_stack([line[:, 0] - left, ((top - line[:, 1]) * squareness).round(2)])
        for line in lines
    ]
