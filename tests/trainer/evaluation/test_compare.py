"""The comparison of bundles on gate parts: intervals by writer, and what is compared."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from trainer.data.datasets import FROZEN, GATE_PARTS, scribbles
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.data.strokes.records import is_for_gate, read, read_gate, read_split, split_of
from trainer.evaluation import gate_numbers
from trainer.evaluation.bootstrap import MIN_WRITERS, by_writer, gain, total
from trainer.evaluation.calibration import CALIBRATION_BINS, calibration_error
from trainer.evaluation.compare import compare
from trainer.recognition.bundle import PRETRAINED, read_bundle


def sums(right: np.ndarray, writers: np.ndarray) -> np.ndarray:
    return by_writer(right[:, None].astype(float), writers)


def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says():
    """40 writers, of whom each is better off by a different amount, 2 points on average."""
    rng = np.random.default_rng(0)
    writers, covered = np.repeat(np.arange(40), 25), 0
    for _ in range(60):
        rates = np.repeat(rng.normal(0.02, 0.03, 40), 25)
        before, chance = rng.random(1000) < 0.9, rng.random(1000)
        after = np.where(chance < abs(rates), rates > 0, before)
        truth = float(np.mean(rates * np.where(rates > 0, 0.1, 0.9)))
        found = gain(sums(before, writers), sums(after, writers))
        covered += found.low <= truth <= found.high
    assert covered >= 51  # 95 % of 60 are 57


def test_many_drawings_of_one_writer_are_not_many_observations():
    right, wrong = np.ones(600, bool), np.zeros(600, bool)
    for writers, known in ((1, False), (MIN_WRITERS - 1, False), (MIN_WRITERS, True)):
        numbers = np.arange(600) % writers
        found = gain(sums(wrong, numbers), sums(right, numbers))
        assert found.value == 1
        assert (found.low > 0) == known


def test_a_model_that_is_calibrated_worse_loses_and_one_that_is_calibrated_better_gains():
    rng = np.random.default_rng(0)
    writers = np.repeat(np.arange(20), 10)
    good, bad = (by_writer(rng.normal(error, 0.1, (200, 1)), writers) for error in (0.02, 0.2))
    worse, better = gain(good, bad, lower_is_better=True), gain(bad, good, lower_is_better=True)
    assert worse.low <= worse.value <= worse.high < -0.1
    assert 0.1 < better.low <= better.value <= better.high
    assert worse.value == -better.value == gain(bad, good).value


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_the_statistic_of_all_samples_is_their_calibration_error(count, seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(10, 0.2), count)
    truth = rng.integers(10, size=count)
    confidence = probabilities.max(axis=1)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    errors = np.zeros((count, CALIBRATION_BINS))
    errors[np.arange(count), bins] = confidence - (probabilities.argmax(axis=1) == truth)
    found = total(by_writer(errors, rng.integers(5, size=count)).sum(axis=0))
    assert found == pytest.approx(calibration_error(probabilities, truth))


def test_a_bundle_that_rejects_more_digits_loses_even_if_it_reads_them_right(monkeypatch):
    monkeypatch.setattr(gate_numbers, "COUNT", 12)
    bundle = read_bundle(PRETRAINED / "inkling")
    strict = replace(bundle, card=structs.replace(bundle.card, rejection_threshold=0.999))
    few = GATE_PARTS["synthetic"]
    monkeypatch.setattr(type(Source("synthetic")), "load_gate", lambda _: _some(few))
    found = compare([bundle, strict], [Source("synthetic")])
    digits = found.scores[0]
    assert (digits.data, digits.measure, digits.pictures) == ("synthetic", "right", 120)
    assert digits.values[1] < digits.values[0] - 0.05
    assert digits.gains[0].high < 0
    assert digits.confusions[0] == digits.confusions[1]
    assert [(each.data, each.measure) for each in found.scores[1:]] == [
        ("everything", "right"), ("everything", "calibration"), ("numbers", "right"),
    ]  # fmt: skip
    assert found.scores[2].values[0] == found.scores[2].values[1]  # the digits are as likely


def _some(load) -> Samples:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainer.data.datasets.synthetic._GATE_SIZE", 120)
        return load(None)


def test_gate_parts_repeat_and_have_random_numbers_of_their_own(monkeypatch):
    monkeypatch.setattr(scribbles, "_GATE_SIZE", 9)
    first, again = (GATE_PARTS["scribbles"](None) for _ in range(2))
    assert first.sha256() == again.sha256()
    for split in Split:
        other = scribbles.scribbles(split, None, 9, 0)
        assert other.sha256() != first.sha256()


def test_every_frozen_data_set_has_a_gate_part():
    assert all(name in set(GATE_PARTS) for name in FROZEN)


def test_no_writer_of_the_gate_is_in_a_split(pen_strokes):
    splits = {split: read_split(pen_strokes, "digits", split) for split in Split}
    gate = read_gate(pen_strokes, "digits")
    writers = {each.writer for each in gate}
    assert len(writers) >= 15
    for records in splits.values():
        assert not writers & {each.writer for each in records}
    assert all(split_of(writer) is Split.TRAIN for writer in writers)
    everyone = {each.writer for each in read(pen_strokes, "digits")}
    assert {name for name in everyone if is_for_gate(name)} == writers
    assert len(gate) + sum(map(len, splits.values())) == sum(1 for _ in read(pen_strokes, "digits"))
