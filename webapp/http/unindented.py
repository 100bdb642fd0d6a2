"""Templates without the indentation that is for their readers: a tenth of the drawing page."""

from __future__ import annotations

import re

from jinja2.ext import Extension

_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


class Unindented(Extension):
    """Removes the indentation of templates as they are compiled, and leaves what they show alone.

    A template must not have text of several lines in `<pre>`.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """The source of a template without the blanks that its lines begin with."""
        return _INDENT.sub("", source)
