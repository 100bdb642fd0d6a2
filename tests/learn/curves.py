"""Curves and figures of the mistakes for the learn page: `python -m tests.learn.curves`.

Writes templates/learn/_curves.html from docs/learn/mistakes.json. In its coordinates, x is the step
and y what was measured, so that the page's script reads values off the curves.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import mean

import click
import msgspec

from tests.bench.mistakes import RESULTS, Mistakes, Outcome
from tests.conftest import ROOT
from trainer.atomic import write_file

TEMPLATE = ROOT / "templates" / "learn" / "_curves.html"
HEIGHT = 1000
HIGHEST_LOSS = 2.4
"""At the upper edge; what is higher is outside of the picture."""


def read_mistakes() -> Mistakes:
    return msgspec.json.decode(RESULTS.read_bytes(), type=Mistakes)


def template(mistakes: Mistakes) -> str:
    """The template: the curves by chart, and the figures of each recipe by name."""
    loss = [
        _group(mistakes, each, each.curve.loss, each.curve.validation_loss, HIGHEST_LOSS)
        for each in mistakes.outcomes
    ]
    accuracy = [
        _group(mistakes, each, each.curve.accuracy, each.curve.validation_accuracy, 1)
        for each in mistakes.outcomes
    ]
    figures = {
        each.name: {
            "claimed": round(mean(result.claimed for result in each.results), 4),
            "test": round(mean(result.test for result in each.results), 4),
        }
        for each in mistakes.outcomes
    }
    lines = [
        "{# Written by `python -m tests.learn.curves`. #}",
        f"{{% set steps = {mistakes.steps} %}}",
        f"{{% set frames = {mistakes.frames} %}}",
        f"{{% set steps_per_epoch = {mistakes.steps_per_epoch} %}}",
        f"{{% set figures = {figures} %}}",
        "{% macro loss() %}",
        *loss,
        "{% endmacro %}",
        "{% macro accuracy() %}",
        *accuracy,
        "{% endmacro %}",
    ]
    return "\n".join(lines) + "\n"


def _group(
    mistakes: Mistakes,
    outcome: Outcome,
    train: Iterable[float | None],
    validation: Iterable[float | None],
    highest: float,
) -> str:
    lines = (
        f'<path class="{name}" d="{_path(mistakes.steps, values, highest)}"/>'
        for name, values in (("train", train), ("validation", validation))
    )
    return f'<g data-recipe="{outcome.name}">{"".join(lines)}</g>'


def _path(steps: Iterable[int], values: Iterable[float | None], highest: float) -> str:
    """A line of one point for each value, all but the first relative to the point before."""
    (start, *others) = [
        (step, round(HEIGHT - HEIGHT * value / highest))
        for step, value in zip(steps, values, strict=True)
        if value is not None
    ]
    moves = [f"{x - a} {y - b}" for (a, b), (x, y) in pairwise([start, *others])]
    return f"M{start[0]} {start[1]}l{' '.join(moves).replace(' -', '-')}"


@click.command()
def main() -> None:
    """Write the template."""
    write_file(TEMPLATE, template(read_mistakes()).encode())


if __name__ == "__main__":
    main()
