"""Corrected numbers teach those of their digits that can be told apart, and are judged whole."""

import numpy as np
import pytest

from tests.handwriting import write as write_number
from tests.trainer.conftest import trainer
from trainer.data.datasets.corrections import Corrected, corrected_numbers, write
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.evaluation.compare import compare
from trainer.evaluation.number_calibration import KINDS, fit_numbers
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.image import as_png
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.recognizer import Recognizer

INKLING = PRETRAINED / "inkling"
ONLY = ("--only", "strokes", "--only", "corrections")


def number(drawings, drawn: str, label: str | None = None, **fields) -> Corrected:
    picture = write_number(drawn, drawings, np.random.default_rng(1))
    return Corrected(label=label or drawn, picture=as_png(picture), **fields)


def test_the_digits_of_a_number_are_trained_on_with_their_labels(drawings, tmp_path):
    write(tmp_path, [number(drawings, "40\n7", "48\n7"), number(drawings, "2", "not_a_digit")])
    samples = Source("corrections", None, tmp_path).load(Split.TRAIN)
    assert sorted(samples.labels.tolist()) == [4, 7, 8, NOT_A_DIGIT]
    logits = Recognizer(read_bundle(INKLING)).logits(samples.pixels)
    read = dict(zip(samples.labels.tolist(), logits[:, :10].argmax(axis=1).tolist(), strict=True))
    assert read == {4: 4, 8: 0, 7: 7, NOT_A_DIGIT: 2}  # each label is on its own digit


@pytest.mark.parametrize("label", ["4", "4071", "40\n7", "4\n07"])
def test_a_number_that_is_cut_otherwise_teaches_no_digit(drawings, tmp_path, label):
    write(tmp_path, [number(drawings, "407", label), number(drawings, "3")])
    samples = Source("corrections", None, tmp_path).load(Split.TRAIN)
    assert sorted(samples.labels.tolist()) == ([3] if len(label) > 1 else [3, 4])


def test_held_out_numbers_judge_as_a_whole_beside_digits(drawings, tmp_path):
    held_out = [("407", "407", "a"), ("12", "13", "b"), ("3", "3", "a"), ("5", "5", "c")]
    drawn = [number(drawings, d, label, held_back=True, writer=w) for d, label, w in held_out]
    write(tmp_path, [*drawn, number(drawings, "86")])
    teaching, judging = corrected_numbers(tmp_path)
    assert [each.label for each in teaching] == ["86"]
    assert [each.label for each in judging] == ["407", "13"]
    source = Source("corrections", None, tmp_path)
    assert sorted(source.load(Split.TRAIN).labels.tolist()) == [6, 8]
    bundle = read_bundle(INKLING)
    (score,) = compare([bundle, bundle], [source], numbers=False).scores
    assert (score.pictures, score.writers, score.digits) == (4, 3, True)
    assert score.values == [0.75, 0.75]  # the 12 is no 13
    write(tmp_path, drawn[:2])
    (score,) = compare([bundle, bundle], [source], numbers=False).scores
    assert (score.pictures, score.writers, score.values) == (2, 2, [0.5, 0.5])


def test_a_retraining_goes_on_without_numbers_that_teach_no_digit(drawings, tmp_path):
    write(tmp_path / "c", [number(drawings, "407", "4071")])
    result = trainer(
        *("retrain", "--start-from", INKLING, "--corrections", "c", *ONLY),
        cwd=tmp_path,
        INKLING_DATA=str(tmp_path / "none"),
    )
    assert "cannot be told apart" in result.stderr
    assert "--data corrections" not in result.stderr


def test_corrected_numbers_calibrate_and_those_held_out_measure(drawings, tmp_path, few_strokes):
    numbers = [number(drawings, text) for text in ("407", "12", "35", "68")]
    held_out = number(drawings, "91", held_back=True)
    write(tmp_path / "c", [*numbers, held_out])
    result = trainer(
        *("calibrate-numbers", INKLING, "--size", "4", "--corrections", "c", "--output", "out"),
        cwd=tmp_path,
        INKLING_DATA=str(few_strokes),
    )
    assert result.returncode == 0, result.stderr
    assert "numbers, corrected: 100.0% of 1 right" in result.stdout
    measured = read_bundle(tmp_path / "out").card.numbers.measured
    assert [each.kind for each in measured][-1] == "corrected"


def test_what_is_known_of_an_earlier_model_is_measured_and_not_fitted_again(few_strokes):
    bundle = read_bundle(INKLING)
    known = bundle.card.numbers
    again = fit_numbers(Recognizer(bundle), few_strokes, 4, known)
    assert again.weights == known.weights
    assert again.command == known.command
    assert [(each.kind, each.pictures) for each in again.measured] == [(kind, 2) for kind in KINDS]
