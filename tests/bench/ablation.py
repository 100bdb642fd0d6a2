"""Ablation study of the recipe, on validation data: `python -m tests.bench.ablation`.

A short training for each row, with the same images and seed and one ingredient left out. It is
small on purpose, and shows what helps rather than how far that goes. Rows can be named, and trained
for longer: `python -m tests.bench.ablation --epochs 20 everything "no augmentation"`.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np
import torch

from trainer.data.datasets.strokes import rendered_strokes
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.evaluation.metrics import auroc
from trainer.paths import data_folder
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.prediction import digit_score
from trainer.training.augmentation import Augmentation
from trainer.training.device import quickest_precision
from trainer.training.recipe import Recipe
from trainer.training.train import train_model
from trainer.training.validation import predict_logits, validation_metrics

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
    "no weak augmentation": replace(EVERYTHING, weak_augmentation_fraction=0.0),
    "no EMA": replace(EVERYTHING, ema_decay=0.0),
    "no label smoothing": replace(EVERYTHING, label_smoothing=0.0),
}
LEFT_OUT = {
    "no strokes": {"strokes"},
    "no MNIST": {"mnist"},
    "no synthetic": {"synthetic"},
    "no letters, no scribbles": {"letters", "scribbles"},
}
NO_STROKE_AUGMENTATION = "no stroke augmentation"
ROWS = [*RECIPES, *LEFT_OUT, NO_STROKE_AUGMENTATION]


@click.command()
@click.argument("rows", type=click.Choice(ROWS), nargs=-1, metavar="[ROW]...")
@click.option("--epochs", default=EVERYTHING.epochs, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(rows: tuple[str, ...], epochs: int, seed: int) -> None:
    """Print the table, or these of its ROWS, as Markdown."""
    sizes = DIGITS | OTHERS
    train = {name: Source(name, size).load(Split.TRAIN, seed) for name, size in sizes.items()}
    validation = {
        name: Source(name).load(Split.VALIDATION) for name in ("mnist", "strokes", "letters")
    }
    click.echo("| | MNIST | strokes | letters rejected, AUROC |\n|---|---|---|---|")
    for row in rows or ROWS:
        left_out = LEFT_OUT.get(row, set())
        sets = {name: samples for name, samples in train.items() if name not in left_out}
        if row == NO_STROKE_AUGMENTATION:
            sets["strokes"] = unaugmented_strokes(seed)
        learned = Samples.join(sets.values())
        recipe = replace(RECIPES.get(row, EVERYTHING), epochs=epochs, seed=seed)
        figures = measure(learned.where(learned.has_ink), validation, recipe)
        click.echo(f"| {row} | {figures[0]:.2%} | {figures[1]:.2%} | {figures[2]:.4f} |")


def unaugmented_strokes(seed: int) -> Samples:
    """People's strokes in as many render styles, without stroke augmentation."""
    folder, size = data_folder(), DIGITS["strokes"]
    return rendered_strokes(Split.TRAIN, folder, size, seed, augmented_share=0).samples()


def measure(
    train: Samples, validation: dict[str, Samples], recipe: Recipe
) -> tuple[float, float, float]:
    """Accuracy on MNIST and strokes, and AUROC of letters against strokes, of the last epoch."""
    digits = validation["strokes"].where(validation["strokes"].has_ink)
    model = train_model(recipe, train, digits.where(np.arange(256)), CPU).eval_model
    scores = [
        digit_score(predict_logits(model, samples, CPU).numpy().astype(np.float64))
        for samples in (digits, validation["letters"])
    ]
    assert (validation["letters"].labels == NOT_A_DIGIT).all()
    _, mnist = validation_metrics(model, validation["mnist"], CPU)
    _, strokes = validation_metrics(model, digits, CPU)
    return mnist, strokes, auroc(*scores)


if __name__ == "__main__":
    main()
