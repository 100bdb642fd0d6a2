"""The benchmark: its samples, its metrics, and a small run of all of it."""

import json
import os
import subprocess
import sys

import pytest

from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import NUISANCES, styles
from trainer.evaluation.benchmark.readers import scale_down
from trainer.evaluation.benchmark.rejection import blank_inputs
from trainer.evaluation.benchmark.rendered_samples import NuisanceRenderer, draw_one, draw_samples
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer


def test_the_table_has_rows_for_each_nuisance():
    wanted = {"width", "size", "place", "rotation", "polarity", "color", "alpha", "JPEG", "photo"}
    assert wanted <= set(NUISANCES)
    assert ("all at once", "random") in styles()
    assert all((name, "hardest") in styles() for name in NUISANCES)


def test_the_samples_are_the_same_in_every_run(drawings):
    records = [Record(str(label), lines, "someone") for label, lines in drawings.items()]
    draw = NuisanceRenderer(records, ("photo", "random"))
    assert (draw_one(draw, 0, 3)[1] == draw_one(draw, 0, 3)[1]).all()
    first, again = (draw_samples(draw, 10, seed=4) for _ in range(2))
    assert (first.preprocessed == again.preprocessed).all()
    assert first.labels.tolist() == [int(record.label) for record in records]


@pytest.mark.parametrize("row", list(styles()), ids=" ".join)
def test_each_style_can_be_rendered_and_preprocessed(row, drawings):
    records = [Record(str(label), lines, "someone") for label, lines in drawings.items()]
    samples = draw_samples(NuisanceRenderer(records, row), len(records), seed=0)
    assert samples.preprocessed.any(axis=(1, 2)).mean() >= 0.9


def test_scaling_as_in_tutorials_gives_light_ink_on_dark(seven):
    assert scale_down(seven).shape == (28, 28)
    assert scale_down(seven).mean() < 128
    assert (scale_down(seven) == scale_down(255 - seven)).mean() > 0.9


def test_blank_inputs_are_not_digits():
    predictions = blank_inputs(Recognizer(read_bundle(PRETRAINED / "inkling")))
    assert set(predictions) == {"blank sheet", "single dot", "single speck"}
    assert set(predictions.values()) <= {"empty drawing", "not a digit"}


@pytest.mark.long
def test_the_command_prints_the_table_and_writes_page_and_json(
    tmp_path, mnist, pen_strokes, rendered
):
    command = [sys.executable, "-m", "trainer", "benchmark", "--no-tutorials", "--size", "12"]
    result = subprocess.run(
        [*command, "--output", tmp_path / "report"],
        env=os.environ | {"INKLING_HOME": str(rendered)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for text in ("MNIST test", "all at once", "numbers", "AUROC", "look-alikes", "12-megapixel"):
        assert text in result.stdout
    report = json.loads((tmp_path / "report" / "benchmark.json").read_text())
    assert report["rows"][0]["pictures"] == 10_000
    assert {row["setting"] for row in report["numbers"]} >= {"2 digits", "6 digits"}
    assert report["letters"]
    assert set(report["ood_metrics"]) == {"inkling"}
    assert set(report["blank_inputs"]) == {"blank sheet", "single dot", "single speck"}
    page = (tmp_path / "report" / "index.html").read_text()
    assert "The worst errors" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
