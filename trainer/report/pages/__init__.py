"""Pages that the trainer writes: each is one file that needs no other."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, select_autoescape


def render(template: str, **values: object) -> bytes:
    """A page from one of the templates here, as UTF-8."""
    environment = Environment(
        loader=PackageLoader("trainer.report.pages", "."), autoescape=select_autoescape()
    )
    return environment.get_template(template).render(values).encode()
