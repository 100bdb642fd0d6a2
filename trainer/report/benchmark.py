"""Writes the benchmark's results as an HTML page and as JSON."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from trainer.atomic import write_file
from trainer.evaluation.benchmark.results import BenchmarkResults, cells, columns
from trainer.report.pages import render


def write_page(folder: Path, results: BenchmarkResults) -> Path:
    """Write `index.html`, a single-file page, and `benchmark.json` to a folder.

    Returns the path of the page.
    """
    text = msgspec.json.format(msgspec.json.encode(results)) + b"\n"
    write_file(folder / "benchmark.json", text)
    write_file(
        folder / "index.html",
        render(
            "benchmark.html",
            results=results,
            columns=columns(results),
            cells=partial(cells, results),
        ),
    )
    return folder / "index.html"
