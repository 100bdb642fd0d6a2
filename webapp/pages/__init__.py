"""The public pages, one file each, on one blueprint; importing a file registers its views."""

from __future__ import annotations

from webapp.pages import about, compare, draw, explain, language, models
from webapp.pages.shared import blueprint

UPLOADS = (draw.upload, compare.compare_upload, explain.inside_upload)
"""The views that read the picture of a form, and change nothing."""

__all__ = ["UPLOADS", "about", "blueprint", "compare", "draw", "explain", "language", "models"]
