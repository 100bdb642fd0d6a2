"""What each ingredient of the recipe brings, on validation: `python -m tests.bench.ablation`.

A short training for each, from the same pictures and the same seed, with one thing left out. Small
and quick on purpose: it tells what helps, not how far it goes.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np
import torch

from trainer.augment import Augmentation
from trainer.benchmark.measure import auroc
from trainer.bundle.reading import digit_score
from trainer.data import NOT_A_DIGIT, Samples, Source, Split, data_folder
from trainer.data.strokes import stroke_drawings
from trainer.device import quickest_precision
from trainer.recipe import Recipe
from trainer.state import State
from trainer.training import EpochResult, fit, judge, predict_logits

DIGITS = {"mnist": 10_000, "strokes": 10_000, "synthetic": 2_000}
OTHERS = {"letters": 4_000, "scribbles": 2_000}

CPU = torch.device("cpu")
EVERYTHING = Recipe(epochs=4, batch_size=128, learning_rate=2e-3, precision=quickest_precision(CPU))
FULL = Augmentation()
RECIPES = {
    "everything": EVERYTHING,
    "no augmentation": replace(EVERYTHING, augmentation=None),
    "no affine": replace(
        EVERYTHING, augmentation=replace(FULL, rotation=0, scale=0, shear=0, shift=0)
    ),
    "no elastic": replace(EVERYTHING, augmentation=replace(FULL, elastic=0)),
    "no thickness": replace(EVERYTHING, augmentation=replace(FULL, thickness=0)),
    "no blur, contrast, fading": replace(
        EVERYTHING, augmentation=replace(FULL, blur=0, contrast=0, fade=0)
    ),
    "no stroke dropout": replace(EVERYTHING, augmentation=replace(FULL, dropout=0)),
    "no settling": replace(EVERYTHING, settling=0.0),
    "no averaging": replace(EVERYTHING, average_decay=0.0),
    "no label smoothing": replace(EVERYTHING, label_smoothing=0.0),
}
LEFT_OUT = {
    "no strokes": {"strokes"},
    "no MNIST": {"mnist"},
    "no synthetic": {"synthetic"},
    "no letters, no scribbles": {"letters", "scribbles"},
}


@click.command()
@click.option("--seed", default=0, show_default=True)
def main(seed: int) -> None:
    """Print the table, as Markdown."""
    sizes = DIGITS | OTHERS
    train = {name: Source(name, size).load(Split.TRAIN, seed) for name, size in sizes.items()}
    validation = {
        name: Source(name).load(Split.VALIDATION) for name in ("mnist", "strokes", "letters")
    }
    runs = [(name, recipe, train) for name, recipe in RECIPES.items()]
    runs += [(name, EVERYTHING, without(train, *left_out)) for name, left_out in LEFT_OUT.items()]
    runs += [("no other hands", EVERYTHING, train | {"strokes": as_written(seed)})]
    click.echo("| | MNIST | strokes | letters told apart, AUROC |\n|---|---|---|---|")
    for name, recipe, sets in runs:
        learned = Samples.join(sets.values())
        figures = measure(learned.where(learned.has_ink), validation, replace(recipe, seed=seed))
        click.echo(f"| {name} | {figures[0]:.2%} | {figures[1]:.2%} | {figures[2]:.4f} |")


def without(sets: dict[str, Samples], *names: str) -> dict[str, Samples]:
    return {name: samples for name, samples in sets.items() if name not in names}


def as_written(seed: int) -> Samples:
    """People's strokes in as many looks, all in the hand that wrote them."""
    folder, size = data_folder(), DIGITS["strokes"]
    return stroke_drawings(Split.TRAIN, folder, size, seed, other_hands=0).samples()


def measure(
    train: Samples, validation: dict[str, Samples], recipe: Recipe
) -> tuple[float, float, float]:
    """Accuracy on MNIST and strokes, and AUROC of letters against strokes, of the last epoch."""
    last: list[torch.nn.Module] = []

    def keep(result: object, state: State) -> None:
        if isinstance(result, EpochResult):
            last[:] = [state.answering]

    digits = validation["strokes"].where(validation["strokes"].has_ink)
    fit(train, digits.where(np.arange(256)), recipe, CPU, keep)
    scores = [
        digit_score(predict_logits(last[0], samples, CPU).numpy().astype(np.float64))
        for samples in (digits, validation["letters"])
    ]
    assert (validation["letters"].labels == NOT_A_DIGIT).all()
    _, mnist = judge(last[0], validation["mnist"], CPU)
    _, strokes = judge(last[0], digits, CPU)
    return mnist, strokes, auroc(*scores)


if __name__ == "__main__":
    main()
