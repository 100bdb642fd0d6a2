"""Getting the data sets, and looking at them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
import numpy as np
from PIL import Image

from trainer.cli.main import PATH, require_torch
from trainer.data.datasets import FROZEN
from trainer.data.download import DATA
from trainer.data.samples import NOT_A_DIGIT, Split
from trainer.data.source import Source
from trainer.data.strokes.records import record_writers
from trainer.errors import TrainerError
from trainer.paths import data_folder

_split_option = click.option("--split", type=click.Choice(list(Split)), default=Split.TRAIN)


@click.group()
def data() -> None:
    """Get the data sets, look at them, look after them."""


@data.command()
@click.argument("name", type=click.Choice(list(DATA)))
@click.option(
    "--mirror", metavar="URL", help="Folder on a server that has the same files as the original's."
)
def fetch(name: str, mirror: str | None) -> None:
    """Fetch the public original of MNIST, UNIPEN or pendigits into the data folder."""

    def report(line: str) -> None:
        click.echo(line, err=True)

    if mirror:
        DATA[name](data_folder(), report, mirror.rstrip("/") + "/")
    else:
        DATA[name](data_folder(), report)


@data.command()
def prepare() -> None:
    """Paint what a training is judged and measured by, so that the next one need not wait."""
    judges = (Source(name) for name in ("strokes", "mnist", "synthetic"))
    next(source for source in judges if source.is_here).load(Split.VALIDATION)
    for name in FROZEN:
        if Source(name).is_here:
            Source(name).load(Split.TEST)


@data.command("record-writers")
def record_all_writers() -> None:
    """Write down to which part each writer of the data folder belongs, for ever."""
    click.echo(f"{record_writers(data_folder()):,} writers are recorded")


@data.command()
@click.argument("source", metavar="NAME[:SIZE]", default="mnist")
@_split_option
@click.option("--count", type=click.IntRange(min=1), default=100, help="How many pictures.")
@click.option("--output", type=PATH, default="grid.png", help="The PNG file to write.")
def show(source: str, split: str, count: int, output: Path) -> None:
    """Draw a grid of pictures as the model sees them, each with its label."""
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
    """Print how many pictures of each digit there are, and the mean and deviation of the pixels."""
    click.echo("part          pictures" + "".join(f"{digit:>8}" for digit in range(10)), nl=False)
    click.echo("    none    mean  deviation")
    for split in Split:
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
@click.option("--data", "source", metavar="NAME[:SIZE]", default="mnist")
def export_images(folder: Path, source: str) -> None:
    """Write a data set as PNG files: FOLDER/train/7/00042.png, and so on.

    `--data folder:FOLDER` trains and tests on them. FOLDER appears when all of it is written.
    """
    from tqdm import tqdm

    if folder.exists():
        raise TrainerError(f"{folder} is there already; choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    half_written = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for split in Split:
            samples = Source.parse(source).load(split)
            for label in np.unique(samples.labels):
                (half_written / split / _folder_name(int(label))).mkdir(parents=True)
            pairs = zip(samples.pixels, samples.labels.tolist(), strict=True)
            for index, (pixels, label) in enumerate(tqdm(pairs, split, len(samples), leave=False)):
                place = half_written / split / _folder_name(label)
                Image.fromarray(pixels).save(place / f"{index:05}.png")
        half_written.chmod(0o755)
        half_written.rename(folder)
    except OSError as error:
        raise TrainerError(f"{folder} could not be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(half_written, ignore_errors=True)
    click.echo(f"{folder}: train it with --data folder:{folder}")


def _folder_name(label: int) -> str:
    return "not_a_digit" if label == NOT_A_DIGIT else str(label)
