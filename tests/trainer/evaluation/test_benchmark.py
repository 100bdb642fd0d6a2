"""The benchmark: its samples, its metrics, and a small run of all of it."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.errors import TrainerError
from trainer.evaluation.benchmark import benchmark
from trainer.evaluation.benchmark.accuracy import data_set_rows, reader_row
from trainer.evaluation.benchmark.nuisances import NUISANCES, styles
from trainer.evaluation.benchmark.readers import Reader
from trainer.evaluation.benchmark.rejection import blank_inputs
from trainer.evaluation.benchmark.rendered_samples import (
    NuisanceRenderer,
    draw_one,
    draw_samples,
    evenly_spaced,
)
from trainer.evaluation.bootstrap import MIN_WRITERS, by_writer, interval
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.scaled import scale_down


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


@pytest.mark.parametrize("size", [1, 3, 1000, 2000, 3482, 5000, None])
def test_a_size_takes_so_many_samples_evenly_spaced_or_all_if_there_are_no_more(size):
    taken = evenly_spaced(3482, size)
    assert len(taken) == min(3482, size or 3482)
    assert taken[0] == 0
    assert taken[-1] < 3482
    steps = np.diff(taken, append=3482)  # also to the end
    assert set(steps) <= {3482 // len(taken), 3482 // len(taken) + 1}
    assert evenly_spaced(0, size).tolist() == []


def test_a_size_limits_the_rows_of_data_sets_to_exactly_so_many(monkeypatch, tmp_path):
    (tmp_path / "it").touch()
    samples = Samples(np.zeros((35, 28, 28), np.uint8), np.arange(35) % 10)
    one = SimpleNamespace(row="one", files="it", load=lambda *_: samples)
    monkeypatch.setattr("trainer.evaluation.benchmark.accuracy.DATA_SETS", {"one": one})

    def read(pixels):
        return np.eye(10)[np.zeros(len(pixels), int)], np.ones(len(pixels))

    for size, count in ((20, 20), (50, 35), (None, 35)):
        (row,) = data_set_rows([Reader("r", "preprocessed", read, 0.5)], tmp_path, size)
        assert row.pictures == count


def test_scaling_as_in_tutorials_gives_light_ink_on_dark(seven):
    assert scale_down(seven).shape == (28, 28)
    assert scale_down(seven).mean() < 128
    assert (scale_down(seven) == scale_down(255 - seven)).mean() > 0.9


def test_blank_inputs_are_not_digits():
    predictions = blank_inputs(Recognizer(read_bundle(PRETRAINED / "inkling")))
    assert set(predictions) == {"blank sheet", "single dot", "single speck"}
    assert set(predictions.values()) <= {"empty drawing", "not a digit"}


def test_two_bundles_of_one_name_are_refused(tmp_path):
    with pytest.raises(TrainerError, match="the same name"):
        benchmark(
            PRETRAINED / "inkling",
            tmp_path,
            command="",
            beside=[PRETRAINED / "inkling"],
            tutorials=False,
            report=lambda _: None,
        )


def test_a_row_counts_what_is_accepted_and_knows_its_worst_writer():
    def read(pixels):
        """The digit is the first pixel, and the digit score the second one."""
        probabilities = np.eye(10)[pixels[:, 0, 0]]
        return probabilities, pixels[:, 0, 1] / 100

    writers = np.arange(8)
    pixels = np.zeros((80, 28, 28), np.uint8)
    labels = np.full(80, 3)
    pixels[:, 0, 0], pixels[:, 0, 1] = 3, 90
    pixels[:5, 0, 0] = 4  # the first writer's are read wrong, half of them
    pixels[-8:, 0, 1] = 20  # 8 of the last writer's are rejected
    samples = Samples(pixels, labels, writers=np.repeat(writers, 10))
    row = reader_row("all", "", [Reader("r", "preprocessed", read, 0.5)], {"preprocessed": samples})
    assert (row.right, row.accepted) == ({"r": 75 / 80}, {"r": 67 / 80})
    assert (row.writers, row.worst_writer) == (8, 0.5)
    low, high = row.interval
    assert 0.75 < low < 75 / 80 < high <= 1
    unknown = Samples(pixels, labels)
    row = reader_row("all", "", [Reader("r", "preprocessed", read, 0.5)], {"preprocessed": unknown})
    assert (row.writers, row.interval, row.worst_writer) == (0, None, None)


@pytest.mark.parametrize("writers", [MIN_WRITERS - 1, 40])
def test_there_is_no_interval_of_few_writers_or_of_writers_who_are_alike(writers):
    hits = np.arange(writers * 20) % 10 > 0
    assert interval(by_writer(hits[:, None].astype(float), np.arange(len(hits)) // 20)) is None
    differing = np.arange(writers * 20) % 13 > 0
    found = interval(by_writer(differing[:, None].astype(float), np.arange(len(hits)) // 20))
    assert (found is None) == (writers < MIN_WRITERS)


@pytest.mark.long
def test_the_command_prints_the_table_and_writes_page_and_json(
    tmp_path, mnist, pen_strokes, rendered
):
    command = [sys.executable, "-m", "trainer", "benchmark", "--no-tutorials", "--size", "8"]
    command += ["--beside", str(PRETRAINED / "lenet5")]
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
    assert {row["pictures"] for row in report["rows"][1:]} == {8}
    assert {row["setting"] for row in report["numbers"]} >= {"2 digits", "6 digits"}
    assert report["letters"]
    assert set(report["ood_metrics"]) == {"inkling", "lenet5"}
    for row in report["rows"]:
        assert row["accepted"].keys() == row["right"].keys() == {"inkling", "lenet5"}
        assert row["accepted"]["inkling"] <= row["right"]["inkling"]
        assert (row["worst_writer"] is None) == (row["writers"] == 0)
    assert report["rows"][-1]["writers"] > 1
    assert set(report["blank_inputs"]) == {"blank sheet", "single dot", "single speck"}
    page = (tmp_path / "report" / "index.html").read_text()
    assert "The worst errors" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
