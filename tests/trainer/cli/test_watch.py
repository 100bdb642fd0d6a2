"""`python -m trainer watch`: the curve of a small training, a line at a time."""

import importlib
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from trainer.cli import main
from trainer.data.samples import Split

watch = importlib.import_module("trainer.cli.watch")


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Recipes on 100 images of a bar at one of ten places, for 13 epochs of 4 steps."""
    for split, count in zip(Split, (100, 20, 20), strict=True):
        for index in range(count):
            picture = np.full((56, 56), 255, np.uint8)
            picture[10:46, 10:14] = 0
            picture[12 + 3 * (index % 10) : 18 + 3 * (index % 10), 20:40] = 0
            place = tmp_path / split / str(index % 10)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(place / f"{index}.png")
    read = watch.read_options
    changes = {"data": [f"folder:{tmp_path}:100"], "epochs": 13}
    monkeypatch.setattr(watch, "read_options", lambda file: read(file) | changes)


def test_a_line_for_each_point_and_one_for_the_end(small):
    shown = CliRunner().invoke(main, ["watch", "mistakes/no-zero-grad", "--json", "--seed", "7"])
    assert shown.exit_code == 0, shown.output
    plan, *points, end = map(json.loads, shown.stdout.splitlines())
    assert plan == {"steps_per_epoch": 4, "steps": 52}
    assert [each["step"] for each in points] == [0, 25, 50]
    assert all(each["layer"] for each in points)  # at all three steps a frame is kept
    assert points[0]["loss"] is None
    assert all(0 <= each["validation_accuracy"] <= 1 for each in points)
    assert set(end) == {"claimed", "test"}
    same = CliRunner().invoke(main, ["watch", "mistakes/no-zero-grad", "--json", "--seed", "7"])
    other = CliRunner().invoke(main, ["watch", "mistakes/no-zero-grad", "--json", "--seed", "8"])
    assert same.stdout == shown.stdout != other.stdout


def test_the_help_names_the_default_once():
    shown = CliRunner().invoke(main, ["watch", "--help"]).stdout
    assert shown.count("default: 0") == 1


def test_what_grows_beyond_all_numbers_is_none_in_json():
    assert watch._rounded(float("nan")) is watch._rounded(float("inf")) is None


def test_where_the_data_is_missing_it_says_which_and_downloads_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))
    shown = CliRunner().invoke(main, ["watch", "--json"])
    assert shown.exit_code == 1
    assert json.loads(shown.stdout) == {"missing": ["mnist"]}
    assert "Error: no mnist here" in shown.stderr
    assert list(tmp_path.iterdir()) == []
