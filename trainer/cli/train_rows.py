"""The command `train-rows`: train the model that reads the rows of numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from trainer.cli.main import PATH, command_line, require_torch
from trainer.cli.recipe_options import options_of
from trainer.recognition.segmentation.row_reader import ROW_MODEL
from trainer.training.row_recipe import RowRecipe


@click.command("train-rows")
@click.option("--size", type=click.IntRange(min=1), default=150_000, help="Training pictures.")
@click.option(
    "--validation", type=click.IntRange(min=1), default=4_000, help="Validation pictures."
)
@options_of(RowRecipe)
@click.option("--device", metavar="NAME", help="Device of torch.  [default: the best available]")
@click.option(
    "--output",
    type=PATH,
    help="The ONNX file to write or replace.  [default: that of this release]",
)
def train_rows(
    size: int, validation: int, device: str | None, output: Path | None, **options: Any
) -> None:
    """Train the model that reads the rows of numbers.

    All models share it. It learns from rendered rows of digits, apart and touching, by the training
    writers of the stroke records. The share of validation rows that are read without an error is
    printed after each epoch, and at the end for the file, whose graph is in int8.
    """
    require_torch()
    from trainer.atomic import write_file
    from trainer.data.rows import render_rows
    from trainer.data.samples import Split
    from trainer.data.strokes.records import ATTRIBUTION
    from trainer.errors import TrainerError
    from trainer.paths import data_folder
    from trainer.recognition import __version__
    from trainer.recognition.segmentation.row_reader import RowReader
    from trainer.row_export import LARGEST_LOSS, export_rows
    from trainer.training.device import choose_device
    from trainer.training.row_reader import train_rows as train

    file = output or ROW_MODEL
    if file.is_dir():
        raise TrainerError(f"{file} is a folder; --output names a file")
    recipe = RowRecipe(**options)
    where = choose_device(device)
    rows = render_rows(data_folder(), Split.TRAIN, size, recipe.seed)
    others = render_rows(data_folder(), Split.VALIDATION, validation, 0)
    shares = []

    def after_epoch(epoch: int, loss: float, right: float) -> None:
        shares.append(right)
        click.echo(f"epoch {epoch}  loss {loss:.4f}  validation {right:.2%}")

    model = train(recipe, rows, others, where, after_epoch)
    metadata = {
        "command": command_line(),
        "attribution": ATTRIBUTION,
        "code_version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": str(len(rows)),
    }
    graph = export_rows(model, rows, metadata)
    right = others.share_read(RowReader(graph))
    if right < shares[-1] - LARGEST_LOSS:
        raise TrainerError(f"int8 loses {shares[-1] - right:.2%} of the rows; nothing was written")
    write_file(file, graph)
    click.echo(f"{file}: {right:.2%} of {len(others):,} rows right")
