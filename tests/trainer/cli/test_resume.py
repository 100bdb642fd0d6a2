"""What a run remembers for `--resume`, and how it can be stopped at any time."""

import sys
import threading

import numpy as np
import pytest
from PIL import Image

from tests.trainer.conftest import trainer
from trainer.data.samples import Split
from trainer.training.run import TrainingRun

ADVICE = "(python -m trainer train --resume run)"


@pytest.fixture
def train(tmp_path):
    """Train one epoch on ten images of a bar, into the folder `run`."""
    for split in Split:
        for label in range(10):
            picture = np.full((56, 56), 255, np.uint8)
            picture[10:46, 10 + 3 * label : 14 + 3 * label] = 0
            place = tmp_path / "bars" / split / str(label)
            place.mkdir(parents=True)
            Image.fromarray(picture).save(place / "0.png")
    bars = f"folder:{tmp_path / 'bars'}"
    command = ["train", "--preset", "mlp", "--data", bars, "--epochs", "1", "--folder", "run"]
    return lambda *options: trainer(*command, *options, cwd=tmp_path)


@pytest.fixture
def exported(monkeypatch):
    """Whether each bundle was to be measured on test splits, instead of the bundles."""
    measured = []
    monkeypatch.setattr(
        sys.modules["trainer.cli.train"],
        "export_run",
        lambda *_, tests: measured.append(tests),
    )
    return measured


@pytest.mark.parametrize("option", ["--tests", "--no-tests"])
def test_a_resumed_run_is_measured_on_test_splits_only_where_it_was_to_be(
    train, exported, tmp_path, option
):
    assert train(option).returncode == 0
    for again in ([], ["--tests"], ["--no-tests"]):
        assert trainer("train", "--resume", "run", *again, cwd=tmp_path).returncode == 0
    assert exported == [option == "--tests", option == "--tests", True, False]


def test_no_thread_is_left_after_a_training(train, exported):
    before = set(threading.enumerate())
    assert train().returncode == 0
    left = set(threading.enumerate()) - before
    assert {each.name for each in left} <= {"tqdm_monitor"}  # one for all bars of the process


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_while_a_bundle_is_exported_says_how_to_resume(train, monkeypatch):
    monkeypatch.setattr(sys.modules["trainer.cli.train"], "export_run", interrupt)
    stopped = train()
    assert stopped.returncode == 130
    assert f"stopped; the last checkpoint is in run {ADVICE}" in stopped.stderr
    assert "Aborted" not in stopped.stderr


def test_ctrl_c_while_data_is_rendered_says_how_to_resume_a_run_that_exists(
    train, exported, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("trainer.training.prepare.load_splits", interrupt)
        before = train()
    assert before.returncode == 1  # there is nothing to resume yet
    assert not TrainingRun(tmp_path / "run").exists
    assert train().returncode == 0
    monkeypatch.setattr("trainer.training.prepare.load_splits", interrupt)
    stopped = trainer("train", "--resume", "run", cwd=tmp_path)
    assert stopped.returncode == 130
    assert f"stopped; the last checkpoint is in run {ADVICE}" in stopped.stderr
