"""The type of callbacks by which long operations report progress."""

from __future__ import annotations

from collections.abc import Callable

ReportProgress = Callable[[str], None]
"""Called with one line of text for the user: what is being done."""
