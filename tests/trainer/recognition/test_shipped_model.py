"""The bundle that comes with Inkling, measured on what it never learned from."""

import pytest

from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.evaluation.metrics import evaluate
from trainer.recognition.bundle import PRETRAINED, Evaluation, Rejection, read_bundle
from trainer.recognition.recognizer import Recogniser

SHIPPED = PRETRAINED / "inkling"


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser(read_bundle(SHIPPED))


def test_it_is_at_most_3_mb():
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 3_000_000


def test_its_card_says_how_it_was_made_and_from_whose_data(recogniser):
    card = recogniser.card
    assert "-m trainer train " in card.command
    (mnist_part,) = (part for part in card.data if Source.parse(part.source).name == "mnist")
    assert mnist_part.parts == ["train", "validation"]
    assert mnist_part.pictures >= 60_000
    assert any("UNIPEN" in line for line in card.attribution)
    assert card.onnx_difference <= 1e-4


def test_it_reads_995_in_a_thousand_of_mnist(recogniser, mnist):
    measured = evaluate(recogniser, Source("mnist"), Split.TEST)
    assert measured.pictures == 10_000
    assert measured.accuracy >= 0.995


def test_it_has_at_most_400_000_parameters(recogniser):
    assert recogniser.card.parameters <= 400_000


def test_it_reads_what_people_drew_who_taught_it_nothing_and_knows_how_surely(
    recogniser, pen_strokes
):
    measured = evaluate(recogniser, Source("strokes"), Split.TEST)
    assert isinstance(measured, Evaluation)
    assert measured.accuracy >= 0.98
    assert measured.calibration_error <= 0.006
    assert measured.rejected <= 0.02


@pytest.mark.parametrize("name", ["letters", "scribbles"])
def test_it_tells_what_is_no_digit(recogniser, pen_strokes, name):
    measured = evaluate(recogniser, Source(name), Split.TEST)
    assert isinstance(measured, Rejection)
    assert measured.rejected >= 0.9


def test_it_reads_synthetic_digits(recogniser):
    measured = evaluate(recogniser, Source("synthetic"), Split.TEST)
    assert isinstance(measured, Evaluation)
    assert measured.accuracy >= 0.97


def test_its_card_holds_the_reliability_diagram(recogniser):
    for evaluation in recogniser.card.evaluations:
        assert sum(part.pictures for part in evaluation.reliability) <= evaluation.pictures
        gap = sum(
            abs(part.accuracy - part.confidence) * part.pictures for part in evaluation.reliability
        )
        read = sum(part.pictures for part in evaluation.reliability)
        assert gap / read == pytest.approx(evaluation.calibration_error, abs=1e-9)
