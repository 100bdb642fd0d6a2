"""The public pages: a page a file, all on one blueprint, which their imports fill."""

from __future__ import annotations

from webapp.pages import about, compare, draw, explain, language, models
from webapp.pages.shared import blueprint

__all__ = ["about", "blueprint", "compare", "draw", "explain", "language", "models"]
