"""What a text is worth, and which is likeliest, against all sequences of classes there are."""

from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.recognition.segmentation.ctc import (
    BLANK,
    RowReading,
    likeliest_texts,
    log_likelihoods,
)

CLASSES = (0, 1, 7, BLANK)  # the others are impossible, so that all sequences can be counted


def columns_of(seed, count):
    columns = np.full((count, BLANK + 1), -np.inf)
    chances = np.random.default_rng(seed).dirichlet(np.full(len(CLASSES), 0.5), count)
    columns[:, CLASSES] = np.log(np.maximum(chances, 1e-12))
    return columns


def chances_of_all_texts(columns):
    chances = defaultdict(float)
    for sequence in product(CLASSES, repeat=len(columns)):
        chance = np.exp(sum(columns[at, each] for at, each in enumerate(sequence)))
        text = "".join(str(each) for each, _ in groupby(sequence) if each != BLANK)
        chances[text] += chance
    return chances


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 6))
def test_a_text_has_the_likelihood_of_all_sequences_that_give_it(seed, count):
    columns = columns_of(seed, count)
    chances = chances_of_all_texts(columns)
    found = log_likelihoods(columns, list(chances))
    assert np.exp(found) == pytest.approx(list(chances.values()), abs=1e-12)
    assert sum(np.exp(found)) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 2))
def test_where_no_beginning_is_dropped_the_likeliest_texts_are_found_in_order(seed, count):
    columns = columns_of(seed, count)
    chances = chances_of_all_texts(columns)
    texts = likeliest_texts(columns, 3)
    assert len(set(texts)) == len(texts) <= 3
    likeliest = sorted(chances.values(), reverse=True)[: len(texts)]
    assert [chances[text] for text in texts] == pytest.approx(likeliest, abs=3e-4)  # _LEAST


def test_the_likeliest_text_is_hardly_ever_missed():
    found = []
    for seed in range(100):
        columns = columns_of(seed, 6)
        chances = chances_of_all_texts(columns)
        found.append(chances[likeliest_texts(columns, 1)[0]] / max(chances.values()))
    assert sum(share > 1 - 1e-9 for share in found) >= 90  # in columns of noise
    assert min(found) > 0.7


def test_a_reading_answers_as_the_functions_do_and_again():
    columns = columns_of(3, 6)
    reading = RowReading(columns, 4)
    assert reading.texts == likeliest_texts(columns, 4)
    texts = ["17", "", "17", "0170"]
    expected = log_likelihoods(columns, texts).tolist()
    assert reading.log_likelihoods(texts) == pytest.approx(expected)
    assert reading.log_likelihoods(texts[::-1]) == pytest.approx(expected[::-1])


def test_a_repeated_digit_needs_a_blank_between():
    columns = columns_of(0, 2)
    assert log_likelihoods(columns, ["11", "1", "170"]).tolist()[::2] == [-np.inf, -np.inf]
    assert np.isfinite(log_likelihoods(columns_of(0, 3), ["11"])).all()


def test_long_rows_do_not_underflow():
    columns = np.full((20_000, BLANK + 1), -np.log(BLANK + 1))
    assert np.isfinite(log_likelihoods(columns, ["", "12"])).all()
    assert likeliest_texts(columns[:600], 4)
