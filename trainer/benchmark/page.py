"""The benchmark's report as a page with pictures, beside its JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec
from jinja2 import Environment, PackageLoader, select_autoescape

from trainer.atomic import write_file
from trainer.benchmark.report import BenchmarkReport


def write_page(folder: Path, report: BenchmarkReport) -> Path:
    """Write index.html, which needs no other file, and benchmark.json into a folder."""
    environment = Environment(
        loader=PackageLoader("trainer.benchmark", "."), autoescape=select_autoescape()
    )
    html = environment.get_template("page.html").render(report=report)
    write_file(folder / "benchmark.json", msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    write_file(folder / "index.html", html.encode())
    return folder / "index.html"
