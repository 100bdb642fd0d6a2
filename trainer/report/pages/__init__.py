"""Renders the trainer's HTML pages, each a single self-contained file."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, select_autoescape


def render(template: str, **values: object) -> bytes:
    """Render a template in this folder with these variables; returns UTF-8."""
    environment = Environment(
        loader=PackageLoader("trainer.report.pages", "."), autoescape=select_autoescape()
    )
    return environment.get_template(template).render(values).encode()
