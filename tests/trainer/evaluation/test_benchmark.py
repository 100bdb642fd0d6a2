"""The benchmark: its arithmetic, its pictures, and the whole of it, small."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.accuracy import auroc, nothing
from trainer.evaluation.benchmark.nuisances import NUISANCES, looks
from trainer.evaluation.benchmark.readers import scaled
from trainer.evaluation.benchmark.rendered_samples import InStyle, picture_of, questions
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer


def test_auroc_is_the_chance_that_a_digit_scores_higher():
    assert auroc(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1
    assert auroc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0
    assert auroc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(1, 1, 300), rng.normal(0, 1, 200)
    pairs = (positive[:, None] > negative).mean()
    assert auroc(positive, negative) == pytest.approx(pairs)


def test_every_nuisance_of_people_s_drawings_has_its_rows():
    wanted = {"width", "size", "place", "rotation", "polarity", "colour", "alpha", "JPEG", "photo"}
    assert wanted <= set(NUISANCES)
    assert ("all at once", "random") in looks()
    assert all((name, "hardest") in looks() for name in NUISANCES)


def test_every_run_asks_the_same(drawings):
    records = [Record(str(label), lines, "someone") for label, lines in drawings.items()]
    draw = InStyle(records, ("photo", "random"))
    assert (picture_of(draw, 0, 3)[1] == picture_of(draw, 0, 3)[1]).all()
    first, again = (questions(draw, 10, seed=4) for _ in range(2))
    assert (first.prepared == again.prepared).all()
    assert first.labels.tolist() == [int(record.label) for record in records]


@pytest.mark.parametrize("row", list(looks()), ids=" ".join)
def test_each_look_can_be_painted_and_read(row, drawings):
    records = [Record(str(label), lines, "someone") for label, lines in drawings.items()]
    asked = questions(InStyle(records, row), len(records), seed=0)
    assert asked.prepared.any(axis=(1, 2)).mean() >= 0.9


def test_tutorials_see_the_picture_scaled_and_light_on_dark(seven):
    assert scaled(seven).shape == (28, 28)
    assert scaled(seven).mean() < 128
    assert (scaled(seven) == scaled(255 - seven)).mean() > 0.9


def test_nothing_is_never_a_confident_digit():
    answers = nothing(Recognizer(read_bundle(PRETRAINED / "inkling")))
    assert set(answers) == {"blank sheet", "single dot", "single speck"}
    assert set(answers.values()) <= {"empty drawing", "not a digit"}


def test_the_command_prints_the_table_and_writes_page_and_json(tmp_path, mnist, pen_strokes):
    command = [sys.executable, "-m", "trainer", "benchmark", "--no-tutorials", "--size", "40"]
    result = subprocess.run(
        [*command, "--output", tmp_path / "report"],
        env=os.environ | {"INKLING_HOME": str(tmp_path)},
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
    page = (tmp_path / "report" / "index.html").read_text()
    assert "The worst errors" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
