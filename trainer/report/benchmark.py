"""The benchmark's report as a page with pictures, beside its JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trainer.atomic import write_file
from trainer.evaluation.benchmark.results import BenchmarkReport
from trainer.report.pages import render


def write_page(folder: Path, report: BenchmarkReport) -> Path:
    """Write index.html, which needs no other file, and benchmark.json into a folder."""
    write_file(folder / "benchmark.json", msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    write_file(folder / "index.html", render("benchmark.html", report=report))
    return folder / "index.html"
