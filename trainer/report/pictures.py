"""Writes the results of labeled pictures as an HTML page and as JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trainer.atomic import write_file
from trainer.evaluation.pictures.results import PictureResults
from trainer.report.pages import render


def write_page(folder: Path, results: PictureResults) -> Path:
    """Write `pictures.html`, a single-file page, and `pictures.json` to a folder.

    Returns the path of the page.
    """
    text = msgspec.json.format(msgspec.json.encode(results)) + b"\n"
    write_file(folder / "pictures.json", text)
    write_file(folder / "pictures.html", render("pictures.html", results=results))
    return folder / "pictures.html"
