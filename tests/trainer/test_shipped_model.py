"""The bundle that comes with Inkling, measured on what it never learned from."""

import pytest

from trainer.bundle import PRETRAINED, Recogniser, read_bundle
from trainer.data import Source, Split
from trainer.evaluation import evaluate

SHIPPED = PRETRAINED / "inkling"


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser(read_bundle(SHIPPED))


def test_it_is_at_most_3_mb():
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) <= 3_000_000


def test_its_card_says_how_it_was_made_and_from_whose_data(recogniser):
    card = recogniser.card
    assert card.command.startswith("python -m trainer train ")
    assert any(part.source == "mnist" and part.pictures == 60_000 for part in card.data)
    assert any("UNIPEN" in line for line in card.attribution)
    assert card.onnx_difference <= 1e-4


def test_it_reads_995_in_a_thousand_of_mnist(recogniser, mnist):
    measured = evaluate(recogniser, Source("mnist"), Split.TEST)
    assert measured.pictures == 10_000
    assert measured.accuracy >= 0.995


def test_it_reads_the_strokes_of_people_nobody_trained_on(recogniser, pen_strokes):
    measured = evaluate(recogniser, Source("strokes"), Split.TEST)
    assert measured.accuracy >= 0.94


def test_it_reads_synthetic_digits(recogniser):
    assert evaluate(recogniser, Source("synthetic"), Split.TEST).accuracy >= 0.95
