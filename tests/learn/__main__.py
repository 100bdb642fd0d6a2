"""`python -m tests.learn`: writes figures into docs/learn, and from its texts the templates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from tests.learn import still
from tests.learn.figures import all_figures
from tests.learn.text import LANGUAGES, TEMPLATES, chapters, filled, page


def wanted() -> Iterator[tuple[Path, str]]:
    """Each file that the command writes, with its content; first the texts that others follow."""
    for language in LANGUAGES:
        for path in chapters(language):
            yield path, filled(path.read_text("utf-8"), all_figures())
    for language in LANGUAGES:
        yield TEMPLATES / f"text-{language}.html", page(language)


@click.command()
@click.option("--still", "with_still", is_flag=True, help="Ask the shipped models anew, too.")
def main(with_still: bool) -> None:
    """Write the learn page's texts, and with --still what it shows without scripts."""
    if with_still:
        still.FILE.write_bytes(still.content())
    for path, content in wanted():
        if not path.exists() or path.read_text("utf-8") != content:
            path.write_text(content, encoding="utf-8")
            click.echo(f"wrote {path.name}")


if __name__ == "__main__":
    main()
