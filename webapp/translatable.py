"""Marks message ids for extraction where they are defined; they are translated when shown."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Return `text`; `make translations` extracts it into the catalogs."""
    return text
