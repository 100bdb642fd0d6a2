"""Commands for data sets: fetch, prepare, record-writers, show, stats, export-images."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

import click
import numpy as np
from PIL import Image

from trainer.cli.main import PATH, SPLIT, require_torch
from trainer.data.datasets import DATA_SETS, FROZEN
from trainer.data.download import fetch_mnist, fetch_pendigits, fetch_qmnist, fetch_unipen
from trainer.data.download_bitmaps import fetch_optdigits, fetch_semeion
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.data.strokes.records import record_writers
from trainer.errors import TrainerError
from trainer.paths import data_folder
from trainer.progress import ReportProgress
from trainer.recognition.labels import DIGITS, NOT_A_DIGIT, label_name
from trainer.training.available_data import validation_set


class Fetch(Protocol):
    """Downloads a data set into a folder, from its origin or a mirror."""

    def __call__(self, folder: Path, report: ReportProgress, url: str = ...) -> None: ...


FETCHERS: dict[str, Fetch] = {
    "mnist": fetch_mnist,
    "qmnist": fetch_qmnist,
    "unipen": fetch_unipen,
    "pendigits": fetch_pendigits,
    "semeion": fetch_semeion,
    "optdigits": fetch_optdigits,
}


@click.group()
def data() -> None:
    """Download, prepare and inspect data sets."""


@data.command()
@click.argument("name", type=click.Choice(list(FETCHERS)))
@click.option(
    "--mirror", metavar="URL", help="Download from this mirror instead of the original source."
)
def fetch(name: str, mirror: str | None) -> None:
    """Download a public data set into the data folder."""

    def report(line: str) -> None:
        click.echo(line, err=True)

    if mirror:
        FETCHERS[name](data_folder(), report, mirror.rstrip("/") + "/")
    else:
        FETCHERS[name](data_folder(), report)


@data.command()
def prepare() -> None:
    """Render and cache what retraining needs: the validation split and the gate parts."""
    available = [name for name in FROZEN if Source(name).is_here]
    Source(validation_set(available)).load(Split.VALIDATION)
    for name in available:
        Source(name).load_gate()


@data.command("record-writers")
def record_all_writers() -> None:
    """Assign each writer in the data folder to a split, permanently.

    Writers that are recorded already keep their split.
    """
    click.echo(f"{record_writers(data_folder()):,} writers are recorded")


@data.command()
@click.argument("source", metavar="NAME[:SIZE]", default="mnist")
@click.option("--split", type=SPLIT, default=Split.TRAIN.value, help="Split to show.")
@click.option("--count", type=click.IntRange(min=1), default=100, help="Number of images.")
@click.option("--output", type=PATH, default="grid.png", help="PNG file to write.")
def show(source: str, split: str, count: int, output: Path) -> None:
    """Draw a grid of preprocessed images with their labels."""
    require_torch()
    from trainer.atomic import write_file
    from trainer.report.figures import pictures, png, word

    samples = Source.parse(source).load(Split(split))
    some = samples.where(np.arange(min(count, len(samples))))
    write_file(output, png(pictures(some.pixels, [word(int(each)) for each in some.labels])))
    click.echo(f"{len(some)} of {len(samples):,} pictures: {output}")


@data.command()
@click.argument("source", metavar="NAME[:SIZE]", default="mnist")
def stats(source: str) -> None:
    """Print statistics of a data set.

    By split: the number of images of each class, and mean and standard deviation of the pixels.
    """
    digits = "".join(f"{digit:>8}" for digit in range(DIGITS))
    click.echo(f"split         pictures{digits}    none    mean  deviation")
    for split in DATA_SETS[Source.parse(source).name].splits:
        samples = Source.parse(source).load(split)
        counts = np.bincount(samples.labels, minlength=NOT_A_DIGIT + 1)
        ink = samples.pixels / np.float32(255)
        click.echo(
            f"{split:10} {len(samples):>11,}"
            + "".join(f"{count:>8,}" for count in counts)
            + f"  {ink.mean(dtype=np.float64):.4f}  {ink.std(dtype=np.float64):9.4f}"
        )


@data.command("export-images")
@click.argument("folder", type=PATH)
@click.option("--data", "source", metavar="NAME[:SIZE]", default="mnist", help="Data set.")
def export_images(folder: Path, source: str) -> None:
    """Export a data set as PNG files.

    File names look like FOLDER/train/7/00042.png; `--data folder:FOLDER` reads them. FOLDER appears
    only once all files are written.
    """
    try:
        if folder.exists():
            raise TrainerError(f"{folder} already exists; choose another folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
            unfinished = Path(place) / folder.name
            _write_images(unfinished, Source.parse(source))
            unfinished.rename(folder)
    except OSError as error:
        raise TrainerError(f"{folder} cannot be written: {error.strerror or error}") from error
    click.echo(f"exported to {folder}; to train on it, use --data folder:{folder}")


def _write_images(folder: Path, source: Source) -> None:
    """Write all splits of a data set to a new folder."""
    from tqdm import tqdm

    folder.mkdir()
    for split in DATA_SETS[source.name].splits:
        samples = source.load(split)
        for label in np.unique(samples.labels):
            (folder / split / label_name(int(label))).mkdir(parents=True)
        pairs = zip(samples.pixels, samples.labels.tolist(), strict=True)
        for index, (pixels, label) in enumerate(tqdm(pairs, split, len(samples), leave=False)):
            place = folder / split / label_name(label)
            Image.fromarray(pixels).save(place / f"{index:05}.png")
