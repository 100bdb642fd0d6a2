"""`make bench`: Inkling's serving and training speed, compared with the usual way, in one run.

Figures from one run are compared with each other, never with those of another day.
"""

from __future__ import annotations

import json
from typing import Any

import click

from tests.bench.retraining import measure_retraining, print_retraining
from tests.bench.serving import measure_serving, print_serving
from tests.bench.training import measure_quickest, measure_speeds, print_quickest, print_speeds

PARTS = ("serving", "training", "quickest", "retraining")


@click.command()
@click.option(
    "--part", "parts", type=click.Choice(PARTS), multiple=True, default=PARTS, help="Only this."
)
@click.option("--seconds", default=8, show_default=True, help="Length of each round of load.")
@click.option("--pictures", default=10_000, show_default=True, help="Of each round of training.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each, in turn.")
@click.option("--json", "as_json", is_flag=True)
def main(parts: tuple[str, ...], seconds: int, pictures: int, rounds: int, as_json: bool) -> None:
    """Measure the app under load, each recipe's training, and the quickest way to 99 %."""
    measured: dict[str, Any] = {}
    if "serving" in parts:
        measured["serving"] = measure_serving(seconds, rounds)
    if "training" in parts:
        measured["training"] = measure_speeds(pictures, rounds)
    if "quickest" in parts:
        measured["quickest"] = measure_quickest("quick")
    if "retraining" in parts:
        measured["retraining"] = measure_retraining(seconds, rounds)
    if as_json:
        click.echo(json.dumps(measured))
        return
    printers = {
        "serving": print_serving,
        "training": print_speeds,
        "quickest": print_quickest,
        "retraining": print_retraining,
    }
    for part, report in measured.items():
        printers[part](report)
        click.echo()


if __name__ == "__main__":
    main()
