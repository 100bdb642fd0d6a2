"""Where the commands that train and export write: never over what is not theirs."""

import pytest

from tests.trainer.conftest import trainer
from trainer.recognition.bundle import PRETRAINED


@pytest.fixture
def home(tmp_path):
    """A folder with a database and a bundle within."""
    (tmp_path / "var" / "models" / "mine").mkdir(parents=True)
    (tmp_path / "var" / "inkling.db").write_text("precious")
    return tmp_path / "var"


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("var", "var holds inkling.db, which is no part of a bundle"),
        ("var/models", "var/models holds mine, which is no part of a bundle"),
        ("var/inkling.db", "var/inkling.db is a file"),
        (".", "is the working directory"),
        ("runs", "runs holds the run"),
        ("runs/new", "runs/new holds the run"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("train", "--data", "synthetic:100", "--folder", "runs/new"),
        ("train", "--resume", "runs/new"),
        ("export", "runs/new"),
    ],
    ids=["train", "resume", "export"],
)
def test_an_output_that_would_delete_anything_is_refused_before_the_run(
    tmp_path, home, command, output, reason
):
    refused = trainer(*command, "--output", output, cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert refused.stderr.count("\n") == 1
    assert reason in refused.stderr
    assert (home / "inkling.db").read_text() == "precious"
    assert not (tmp_path / "runs").exists()


def test_the_folder_of_a_run_is_looked_at_even_without_an_output(tmp_path, home):
    (home / "bundle").mkdir()
    (home / "bundle" / "notes.txt").write_text("precious")
    refused = trainer("train", "--data", "synthetic:100", "--folder", "var", cwd=tmp_path)
    assert "var/bundle holds notes.txt" in refused.stderr
    assert not (home / "run.json").exists()


@pytest.mark.parametrize("command", ["quantize", "calibrate-numbers", "upgrade"])
def test_a_bundle_made_of_another_deletes_nothing_either(tmp_path, home, command):
    refused = trainer(command, PRETRAINED / "lenet5", "--output", "var", cwd=tmp_path)
    if command == "upgrade":  # which had nothing to write
        assert "up to date" in refused.stdout
    else:
        assert "var holds inkling.db" in refused.stderr
    assert (home / "inkling.db").read_text() == "precious"


def test_the_rows_are_not_trained_for_a_file_that_is_a_folder(tmp_path, home):
    refused = trainer("train-rows", "--size", "1", "--output", "var", cwd=tmp_path)
    assert refused.returncode == 1
    assert "var is a folder; --output names a file" in refused.stderr


@pytest.mark.parametrize("command", ["train", "export"])
def test_the_help_says_that_an_earlier_bundle_is_replaced(tmp_path, command):
    shown = " ".join(trainer(command, "--help", cwd=tmp_path).stdout.split())
    assert "an earlier bundle there is replaced" in shown
