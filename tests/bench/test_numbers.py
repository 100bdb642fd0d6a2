"""The weights of the ways to read a row, as `tests.bench.numbers` fits them."""

import numpy as np
import pytest

from tests.bench.numbers import Row, fit, share_right


@pytest.fixture
def rows():
    """Of each, one of five ways is right, with the chances that these weights give."""
    rng, rows = np.random.default_rng(0), []
    for _ in range(400):
        evidence = rng.normal(size=(5, 3))
        chances = np.exp(evidence @ [0.5, 1.0, -2.0])
        right = np.arange(5) == rng.choice(5, p=chances / chances.sum())
        rows.append(Row(evidence, right))
    return rows


def test_the_weights_are_found_by_which_ways_are_right(rows):
    assert fit(rows) == pytest.approx([0.5, 1.0, -2.0], abs=0.3)


def test_rows_without_a_right_way_teach_nothing(rows):
    other = Row(np.ones((2, 3)), np.zeros(2, bool))
    assert fit([*rows[:50], other]) == pytest.approx(fit(rows[:50]), abs=1e-6)


def test_the_best_way_by_the_weights_counts():
    evidence = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    row = Row(evidence, np.array([True, False]))
    assert share_right([row, row], np.array([1.0, 0.5, 0])) == 1
    assert share_right([row, row], np.array([0.5, 1.0, 0])) == 0
