"""The examples of the drawing page: strokes that draw themselves, and a photo.

`make examples` writes `examples.json`: by what will be read, or a word for what is no digit, the
SVG path data of each stroke on a sheet whose side is 1000.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
from flask_babel import gettext as _

_DIGIT_VIEW = "120 120 760 760"
_NUMBER_VIEW = "0 0 1000 1000"


class Example(msgspec.Struct, frozen=True):
    """An example: its value in `data-example`, its name for people, its strokes and their view."""

    value: str
    label: str
    paths: list[str]
    view: str
    is_photo: bool


def examples() -> list[Example]:
    """All examples, the photo last. Call it within a request, as the labels are translated."""
    labels = _labels()
    return [
        Example(
            value=value,
            label=labels[value],
            paths=paths,
            view=_NUMBER_VIEW if len(value) > 1 and value.isdecimal() else _DIGIT_VIEW,
            is_photo=value == _PHOTO,
        )
        for value, paths in _strokes().items()
    ]


_PHOTO = "365"


def _labels() -> dict[str, str]:
    return {
        "7": _("A 7 with a bar"),
        "4": _("An open 4"),
        "0": _("A 0 with a slash"),
        "1": _("A 1 with a flag"),
        "471": _("A number: 471"),
        "star": _("A star, which is no digit"),
        _PHOTO: _("A photo of a number: 365"),
    }


@cache
def _strokes() -> dict[str, list[str]]:
    content = Path(__file__).with_name("examples.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, list[str]])
