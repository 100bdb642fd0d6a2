"""The command group `python -m trainer`, and the options and helpers that its commands share."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import click

from trainer.data.datasets.folder import UnreadablePicture
from trainer.data.samples import Split
from trainer.errors import TrainerError
from trainer.recognition.bundle import PRETRAINED, BundleError, Evaluation, Rejection

PATH = click.Path(path_type=Path)
DEFAULT_BUNDLE = PRETRAINED / "inkling"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
folder_option = click.option(
    "--folder",
    type=PATH,
    help="Folder for checkpoints and metrics.  [default: a new one in $INKLING_HOME/runs]",
)
every_option = click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="With --json, also print the progress within an epoch at this interval.",
)
output_option = click.option(
    "--output",
    type=PATH,
    help="Folder of the bundle; an earlier bundle there is replaced.  "
    "[default: `bundle` in the run's folder]",
)


# Values, not members: click would list the members' upper-case names.
SPLIT = click.Choice([split.value for split in Split], case_sensitive=False)

strict_option = click.option(
    "--strict",
    is_flag=True,
    help="Stop at an image that cannot be read, instead of skipping it.",
)


class _Commands(click.Group):
    """Prints errors and warnings for the user as one line each, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UnreadablePicture)
            warnings.showwarning = _show_warning
            try:
                return super().invoke(context)
            except (TrainerError, BundleError) as error:
                raise click.ClickException(str(error)) from error


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Warning: {message}", err=True)


def stop_at_unreadable_pictures() -> None:
    """Make the command fail at the first image that cannot be read."""
    warnings.simplefilter("error", UnreadablePicture)


@click.group(cls=_Commands, context_settings={"show_default": True})
def main() -> None:
    """Train, evaluate and run models that recognize handwritten digits."""


def command_line() -> str:
    """The command line as the user entered it, for cards and reports."""
    processes = os.environ.get("WORLD_SIZE")
    launch = ["torchrun", f"--nproc-per-node={processes}"] if processes else ["python"]
    return shlex.join([*launch, "-m", "trainer", *sys.argv[1:]])


def require_torch() -> None:
    """Raise `TrainerError` if torch is not installed."""
    if find_spec("torch") is None:
        raise TrainerError("training needs torch: pip install 'inkling[train]'")


def one_line(measured: Evaluation | Rejection) -> str:
    """Metrics on one split of a data set, as one line of text."""
    where = f"{measured.data} {measured.split}"
    if isinstance(measured, Rejection):
        return f"{where}: {measured.rejected:.2%} of {measured.pictures:,} rejected"
    return (
        f"{where}: {measured.accuracy:.2%} of {measured.pictures:,} right,"
        f" calibration error {measured.calibration_error:.2%}, rejected {measured.rejected:.2%}"
    )
