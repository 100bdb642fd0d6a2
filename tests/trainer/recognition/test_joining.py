"""Ways to read a row: the likeliest ones, and those to read a given text."""

from itertools import product

import numpy as np
import pytest

from trainer.recognition.array_types import Pixels
from trainer.recognition.prediction import DigitPrediction
from trainer.recognition.preprocess import Prepared, preprocess
from trainer.recognition.segmentation.candidates import Placed
from trainer.recognition.segmentation.joining import Component, Evidence, join


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    picture: Pixels = np.full((60, 60), 255, np.uint8)
    picture[10:50, 28:32] = 0
    return preprocess(picture)


def evidence(prepared: Prepared, seed: int, cuts: int = 0) -> Evidence:
    rng = np.random.default_rng(seed)
    prediction = DigitPrediction(prepared, rng.dirichlet(np.ones(10)), rng.uniform(0.3, 1), True)
    return Evidence(prediction, Placed(30, 50, 1.0, cuts), 0.1)


@pytest.fixture
def segments(prepared):
    """A row of four segments: candidates of one or two of them, and each as what is no digit."""
    pairs = [(first, last) for first in range(1, 5) for last in (first, first + 1) if last < 5]
    candidates = {pair: evidence(prepared, seed) for seed, pair in enumerate(pairs)}
    rng = np.random.default_rng(9)
    components = {
        (at, at): Component(Placed(30, 50, 1.0, 0), *rng.uniform(0, 0.5, 2)) for at in range(1, 5)
    }
    return candidates, components


def all_ways(candidates, components, row, labels):
    """Every way to read a row, by exhaustion: text and score, the likeliest of each text."""
    if not row:
        return {"": 0.0}
    found: dict[str, float] = {}
    for run in {*candidates, *components}:
        if run[0] != row.start or run[1] >= row.stop:
            continue
        rest = all_ways(candidates, components, range(run[1] + 1, row.stop), labels)
        for text in [*map(str, labels), "?"]:
            one = single(candidates, components, run, text)
            for after, score in rest.items():
                if one is not None and one + score > found.get(text + after, -np.inf):
                    found[text + after] = one + score
    return found


def single(candidates, components, run, text):
    """The score of a run as one digit, or as none."""
    if text == "?":
        known = {run: components[run]} if run in components else {}
        ways = join({}, known, range(run[0], run[1] + 1), [""])
        return ways[0].score if known else None
    known = {run: candidates[run]} if run in candidates else {}
    ways = join(known, {}, range(run[0], run[1] + 1), [text])
    return ways[0].score if ways else None


def test_given_texts_are_read_in_their_likeliest_way(segments):
    candidates, components = segments
    row = range(1, 5)
    every = all_ways(candidates, components, row, (1, 7))
    texts = ["".join(each) for length in range(1, 5) for each in product("17", repeat=length)]
    for text in texts:
        (way,) = join(candidates, components, row, [text])
        assert way.read == text
        expected = max(score for each, score in every.items() if each.replace("?", "") == text)
        assert way.score == pytest.approx(expected)


def test_texts_that_have_too_many_digits_are_not_read(segments):
    assert join(*segments, range(1, 5), ["11111"]) == []
    assert join(*segments, range(1, 5), []) == []


def test_a_row_has_the_segments_of_no_other(segments):
    for way in join(*segments, range(3, 5), ["12", "1"]):
        assert all(first >= 3 for first, _ in (*way.digits, *way.others))
    whole = join(*segments, range(1, 5))
    assert [way.score for way in whole] == sorted((way.score for way in whole), reverse=True)
    assert len({way.text for way in whole}) == len(whole) == 3
