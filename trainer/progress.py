"""How long operations say what they are doing."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[str], None]
"""Takes one line of text, for the user, on what is being done."""
