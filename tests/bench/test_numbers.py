"""The weights of the ways to read a row, as `tests.bench.numbers` fits them."""

import numpy as np
import pytest

from tests.bench.numbers import Row, fit, share_right


@pytest.fixture
def rows():
    """Of each, one of five ways is right, with the chances that these weights give."""
    rng, rows = np.random.default_rng(0), []
    for _ in range(4000):
        evidence = rng.normal(size=(5, 3))
        chances = np.exp(evidence @ [0.5, 1.0, -2.0])
        right = np.arange(5) == rng.choice(5, p=chances / chances.sum())
        rows.append(Row(evidence, right))
    return rows


def test_the_weights_are_found_by_which_ways_are_right(rows):
    assert fit(rows) == pytest.approx([0.5, 1.0, -2.0], abs=0.1)


def test_rows_of_which_no_way_or_every_way_is_right_teach_nothing(rows):
    evidence = np.ones((2, 3))
    others = [Row(evidence, np.zeros(2, bool)), Row(evidence, np.ones(2, bool))]
    assert fit(rows + others) == pytest.approx(fit(rows), abs=1e-6)


def test_the_best_way_by_the_weights_counts():
    evidence = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    row = Row(evidence, np.array([True, False]))
    assert share_right([row, row], np.array([1.0, 0.5, 0])) == 1
    assert share_right([row, row], np.array([0.5, 1.0, 0])) == 0
