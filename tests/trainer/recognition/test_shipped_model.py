"""The bundle shipped with Inkling, evaluated on data that it was not trained on."""

import pytest

from trainer.data.datasets import DATA_SETS
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.evaluation.metrics import evaluate, measure
from trainer.paths import data_folder
from trainer.recognition.bundle import PRETRAINED, Evaluation, Rejection, read_bundle
from trainer.recognition.recognizer import Recognizer

SHIPPED = PRETRAINED / "inkling"


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(read_bundle(SHIPPED))


def test_it_is_at_most_3_mb():
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 3_000_000


def test_its_card_gives_command_data_and_attribution(recognizer):
    card = recognizer.card
    assert "-m trainer train " in card.command
    (mnist_part,) = (part for part in card.data if Source.parse(part.source).name == "mnist")
    assert mnist_part.parts == ["train"]
    assert mnist_part.pictures >= 60_000
    for name in ("MNIST", "UNIPEN", "Semeion", "Optical Recognition"):
        assert any(name in line for line in card.attribution), name
    assert card.onnx_difference <= 1e-4


def test_its_accuracy_on_mnist_is_at_least_99_5_percent(recognizer, mnist):
    measured = evaluate(recognizer, Source("mnist"), Split.TEST)
    assert measured.pictures == 10_000
    assert measured.accuracy >= 0.995


def test_it_has_at_most_400_000_parameters(recognizer):
    assert recognizer.card.parameters <= 400_000


@pytest.fixture
def some_writers(few_strokes, monkeypatch):
    """A few of the test writers; the card has the figures of all of them."""
    monkeypatch.setenv("INKLING_DATA", str(few_strokes))


def test_it_is_accurate_and_calibrated_on_drawings_of_unseen_writers(recognizer, some_writers):
    measured = evaluate(recognizer, Source("strokes"), Split.TEST)
    assert isinstance(measured, Evaluation)
    assert measured.accuracy >= 0.98
    assert measured.pictures > 400
    assert measured.calibration_error <= 0.02  # of some 400 drawings, much of which is chance
    (whole,) = (each for each in recognizer.card.evaluations if each.data == "strokes")
    assert whole.calibration_error <= 0.006
    assert measured.rejected <= 0.02


def some_of(recognizer, name):
    """Measured on the first 500 of a test split, where each depends on its index alone."""
    samples = DATA_SETS[name].load(Split.TEST, data_folder(), 500, 0)
    return measure(recognizer, samples, name, Split.TEST)


def test_it_rejects_letters(recognizer, some_writers):
    measured = evaluate(recognizer, Source("letters"), Split.TEST)
    assert isinstance(measured, Rejection)
    assert measured.rejected >= 0.9


def test_it_rejects_scribbles(recognizer):
    measured = some_of(recognizer, "scribbles")
    assert isinstance(measured, Rejection)
    assert measured.rejected >= 0.9


def test_it_recognizes_synthetic_digits(recognizer):
    measured = some_of(recognizer, "synthetic")
    assert isinstance(measured, Evaluation)
    assert measured.accuracy >= 0.97


def test_its_threshold_rejects_few_digits_of_any_origin(recognizer):
    rejected = {each.data: each.rejected for each in recognizer.card.evaluations}
    for name in ("mnist", "strokes", "semeion", "optdigits"):
        assert rejected[name] <= 0.035, name  # 2 % on validation; of 318, up to 3.5 % by chance
    assert recognizer.card.numbers


def test_its_card_holds_the_reliability_diagram(recognizer):
    for evaluation in recognizer.card.evaluations:
        assert sum(part.pictures for part in evaluation.reliability) <= evaluation.pictures
        gap = sum(
            abs(part.accuracy - part.confidence) * part.pictures for part in evaluation.reliability
        )
        read = sum(part.pictures for part in evaluation.reliability)
        assert gap / read == pytest.approx(evaluation.calibration_error, abs=1e-9)
