"""Effect of a few corrections, by distillation weight: `python -m tests.bench.refine`.

The table of docs/models.md. The corrections are nines like a g, by 20 writers of the training part;
they are evaluated on those of its other writers, everything else on validation parts, so that the
recipe can be chosen by the results.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from safetensors.torch import load

from tests.bench.training import recipe_of
from trainer.data.datasets.corrections import Corrected, write
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.data.strokes.records import Record, read, split_of
from trainer.evaluation.calibration import rejection_threshold
from trainer.paths import data_folder
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.image import as_png
from trainer.recognition.labels import DIGITS, NOT_A_DIGIT
from trainer.recognition.prediction import digit_score
from trainer.training.initial_weights import start_of
from trainer.training.model import load_model
from trainer.training.recipes import preset, read_options
from trainer.training.train import train_model
from trainer.training.validation import predict_logits

CPU = torch.device("cpu")
WRITERS = 20
CORRECTIONS = 1200


@click.command()
@click.argument("weights", nargs=-1, type=float)
@click.option("--seed", default=0, show_default=True)
def main(weights: tuple[float, ...], seed: int) -> None:
    """Print a row for the shipped model, and one for each distillation weight."""
    options = read_options(preset("refine"))
    recipe, start = start_of(read_bundle(PRETRAINED / "inkling"), recipe_of("refine"))
    recipe, old = replace(recipe, seed=seed), load(start)
    corrected, others = nines()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), corrected)
        sources = [Source.parse(each) for each in options["data"]]
        sources.append(Source("corrections", CORRECTIONS, Path(folder)))
        learned = Samples.join(source.load(Split.TRAIN, seed) for source in sources)
    names = ("mnist", "strokes", "letters")
    test_sets = {name: Source(name).load(Split.VALIDATION) for name in names}
    test_sets["corrected"] = others
    click.echo(
        "| `--distillation-weight` | such nines | MNIST | drawn by people | letters rejected |"
    )
    click.echo("|---|---|---|---|---|")
    click.echo(row("not refined", load_model(recipe, old), test_sets))
    for weight in weights or (0.0, 1.0, 3.0, 10.0):
        state = train_model(
            replace(recipe, distillation_weight=weight),
            learned,
            test_sets["strokes"].where(np.arange(500)),
            CPU,
            start=old,
        )
        click.echo(row(f"{weight:g}", state.eval_model, test_sets))


def nines() -> tuple[list[Corrected], Samples]:
    """The corrections, one of each writer, and the nines of the other writers."""
    by_writer: dict[str, list[Record]] = {}
    for each in read(data_folder(), "letters"):
        if each.label == "g" and split_of(each.writer) is Split.TRAIN:
            by_writer.setdefault(each.writer, []).append(each)
    names = sorted(by_writer)
    taught = names[:: len(names) // WRITERS][:WRITERS]
    corrected = [
        Corrected(
            label="9",
            picture=as_png(render(record.strokes, RenderStyle())),
            strokes=[line.tolist() for line in record.strokes],
        )
        for record in (by_writer[name][0] for name in taught)
    ]
    fresh = [record for name in names if name not in taught for record in by_writer[name]]
    pixels = np.stack(
        [preprocess_or_blank(render(record.strokes, RenderStyle())) for record in fresh]
    )
    return corrected, Samples(pixels, np.full(len(fresh), 9))


def row(title: str, model: torch.nn.Module, test_sets: dict[str, Samples]) -> str:
    logits = {k: predict_logits(model, v, CPU).double().numpy() for k, v in test_sets.items()}
    threshold = rejection_threshold(logits["strokes"])
    cells = []
    for name, samples in test_sets.items():
        accepted = digit_score(logits[name]) >= threshold
        answers = logits[name][:, :DIGITS].argmax(axis=1)
        if name == "corrected":
            answers = np.where(accepted, answers, NOT_A_DIGIT)
        right = ~accepted if name == "letters" else answers == samples.labels
        cells.append(f"{right.mean():.2%}")
    *others, nines_right = cells
    return f"| {title} | {nines_right} | {' | '.join(others)} |"


if __name__ == "__main__":
    main()
