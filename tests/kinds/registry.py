"""All kinds of pictures by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.random import Generator

from tests.kinds import drawn, files, numbers, photographed
from trainer.recognition.strokes import Strokes

Kind = Callable[[Strokes, str, Generator], bytes]
"""(strokes of one character, its label, random generator) → a picture file."""

NumberKind = Callable[[Sequence[Strokes], Generator], bytes]
"""(strokes of several digits, random generator) → a picture file of the number."""

KINDS: dict[str, Kind] = {**drawn.KINDS, **photographed.KINDS, **files.KINDS}
"""Pictures of one digit."""

NUMBERS: dict[str, NumberKind] = {**numbers.KINDS}
"""Pictures of a number."""
