"""Marks texts for translation where they are defined; they are translated where they are shown."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Return `text`; `make translations` extracts it into the catalogs."""
    return text
