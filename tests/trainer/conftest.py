"""A small data set, and a way to run the trainer's commands."""

import sys
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from trainer.cli import main
from trainer.data.datasets import synthetic
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.samples import Split


@pytest.fixture(scope="session")
def some_digits(tmp_path_factory):
    """A folder of small images of synthetic digits: 500 / 100 / 200 by split."""
    folder = tmp_path_factory.mktemp("digits") / "some"
    rng = np.random.default_rng(0)
    for split, count in zip(Split, (500, 100, 200), strict=True):
        for index in range(count):
            label = index % 10
            place = folder / split / str(label)
            place.mkdir(parents=True, exist_ok=True)
            picture = render(synthetic.synthetic_strokes(label, rng), RenderStyle(side=64, pen=4))
            Image.fromarray(picture).save(place / f"{index:04}.png")
    return folder


@pytest.fixture
def without_export(monkeypatch):
    """`train` ends after its last epoch, without the bundle and the report, for tests of a run."""
    # By the module: `trainer.cli.train` is the command of that name.
    monkeypatch.setattr(sys.modules["trainer.cli.train"], "export_run", lambda *_, **__: None)


def trainer(*arguments: object, cwd: Path, **environment: str) -> CompletedProcess[str]:
    """Run a command of the trainer in this process, so that torch is imported only once."""
    command = [str(each) for each in arguments]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["trainer", *command])
        environment = {"INKLING_HOME": str(cwd / "home")} | environment
        result = CliRunner().invoke(main, command, env=environment, catch_exceptions=False)
    return CompletedProcess(command, result.exit_code, result.stdout, result.stderr)
