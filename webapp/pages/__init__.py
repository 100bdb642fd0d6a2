"""The public pages, one file each, on one blueprint; importing a file registers its views."""

from __future__ import annotations

from webapp.pages import (
    about,
    compare,
    draw,
    embed,
    explain,
    install,
    language,
    learn,
    lesson,
    models,
    training,
)
from webapp.pages.shared import blueprint

UPLOADS = (
    draw.upload,
    compare.compare_upload,
    explain.inside_upload,
    embed.embed_upload,
    explain.inside_map,
    learn.learn_ways,
    learn.learn_rows,
)
"""The views that read a picture or strokes, and change nothing."""

FRAMED = frozenset({"pages.embed", "pages.embed_upload"})
"""The endpoints that pages of other sites may frame, where the settings allow it."""

__all__ = [
    "FRAMED",
    "UPLOADS",
    "about",
    "blueprint",
    "compare",
    "draw",
    "embed",
    "explain",
    "install",
    "language",
    "learn",
    "lesson",
    "models",
    "training",
]
