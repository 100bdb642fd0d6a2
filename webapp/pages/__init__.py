"""The public pages, one file each, on one blueprint; importing a file registers its views."""

from __future__ import annotations

from webapp.pages import about, compare, draw, explain, language, models
from webapp.pages.shared import blueprint

__all__ = ["about", "blueprint", "compare", "draw", "explain", "language", "models"]
