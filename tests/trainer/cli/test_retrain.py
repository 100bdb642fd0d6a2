"""The command that retrains with whatever data is available."""

import json

import pytest

from tests.trainer.conftest import trainer
from trainer.recognition.bundle import PRETRAINED


def test_the_data_is_printed_first_and_then_the_train_command_runs(tmp_path):
    result = trainer(
        *("retrain", "--start-from", PRETRAINED / "inkling", "--only", "strokes", "--json"),
        *("--epochs", "2", "--every", "0.5", "--folder", "run"),
        cwd=tmp_path,
        INKLING_DATA=str(tmp_path / "none"),
    )
    line = json.loads(result.stdout.splitlines()[0])
    assert line["used"] == ["strokes", "scribbles"]
    assert (line["missing"], line["distillation"]) == (["letters"], True)
    assert line["command"].startswith("python -m trainer train --preset refine --start-from ")
    assert "--validate strokes --test synthetic --epochs 2 --seed 0 --folder run" in line["command"]
    assert result.returncode == 1  # what is named has to be there
    assert "Error: no strokes in " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--start-from", "inkling", "--preset", "lenet5"), "cannot be used with --start-from"),
        (("--preset", "lenet"), "no preset 'lenet'"),
        (("--preset", "quick", "--only", "minst"), "minst"),
    ],
)
def test_contradicting_options_are_refused(tmp_path, arguments, words):
    result = trainer("retrain", *arguments, cwd=tmp_path)
    assert result.returncode != 0
    assert words in result.stderr
