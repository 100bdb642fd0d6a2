from types import SimpleNamespace

import numpy as np
import pytest

from trainer.data.samples import Samples, Split
from trainer.evaluation.calibration import (
    calibration_error,
    fit_temperature,
    rejected_unseen,
    rejection_threshold,
)
from trainer.evaluation.metrics import auroc, confusion, measure
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.prediction import digit_score, softmax


def test_confusion_counts_truth_by_row():
    matrix = confusion(np.array([3, 3, 5]), np.array([3, 8, 5]))
    assert matrix[3, 3] == matrix[3, 8] == matrix[5, 5] == 1
    assert matrix.sum() == 3


@pytest.mark.parametrize("label", [3, NOT_A_DIGIT])
def test_what_has_no_ink_is_rejected_however_high_its_digit_score(label):
    pixels = np.zeros((4, 28, 28), np.uint8)
    pixels[:3, 9, 9] = 255
    logits = np.where(np.arange(11) == 3, 9.0, -9.0)
    recognizer = SimpleNamespace(
        card=SimpleNamespace(rejection_threshold=0.5, temperature=1.0),
        logits=lambda part: np.tile(logits, (len(part), 1)),
    )
    found = measure(recognizer, Samples(pixels, np.full(4, label)), "four", Split.TEST)
    assert found.rejected == 0.25
    if label == 3:
        assert found.accuracy == 0.75


def test_auroc_is_the_probability_that_a_positive_scores_higher():
    assert auroc(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1
    assert auroc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0
    assert auroc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(1, 1, 300), rng.normal(0, 1, 200)
    pairs = (positive[:, None] > negative).mean()
    assert auroc(positive, negative) == pytest.approx(pairs)


def test_the_temperature_that_scaled_the_logits_is_found():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 10))
    truth = np.array([rng.choice(10, p=p) for p in softmax(logits)])
    assert fit_temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.05)
    assert calibration_error(softmax(logits), truth) < 0.01
    assert calibration_error(softmax(logits * 2.5), truth) > 0.1


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.full((1000, 10), 0.01 / 9)
    probabilities[:, 0] = 0.99
    truth = np.array([0, 1] * 500)
    assert calibration_error(probabilities, truth) == pytest.approx(0.49, abs=1e-6)


def test_the_threshold_rejects_one_percent_of_the_digits():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (10_000, 10))
    rejected = digit_score(logits) < rejection_threshold(logits)
    assert rejected.mean() == pytest.approx(0.01, abs=0.001)


def digits_of(rng, count, unsure):
    """Logits of an origin's digits, of which a share looks little like digits."""
    logits = np.zeros((count, 11))
    logits[:, 0] = rng.normal(6, 0.5, count)
    logits[:, 10] = np.where(rng.random(count) < unsure, rng.normal(4, 0.5, count), -4)
    return logits


def test_the_threshold_loses_at_most_two_percent_of_a_small_origin():
    rng = np.random.default_rng(0)
    large, small = digits_of(rng, 10_000, 0.002), digits_of(rng, 400, 0.1)
    together = rejection_threshold(np.concatenate([large, small]))
    assert (digit_score(small) < together).mean() > 0.05
    threshold = rejection_threshold(large, small)
    assert (digit_score(small) < threshold).mean() <= 0.02
    assert (digit_score(large) < threshold).mean() <= 0.01


def test_what_a_threshold_rejects_of_an_unseen_origin_is_measured_by_the_others():
    rng = np.random.default_rng(0)
    large, small = digits_of(rng, 10_000, 0.002), digits_of(rng, 400, 0.1)
    of_large, of_small = rejected_unseen(large, small)
    assert of_large < 0.01
    assert of_small == (digit_score(small) < rejection_threshold(large)).mean() > 0.02


def test_an_image_between_two_digits_has_a_high_digit_score_and_one_unlike_any_a_low_one():
    ambiguous, unlike = np.full(10, -8.0), np.full(10, -8.0)
    ambiguous[[1, 7]] = 9.0
    assert softmax(ambiguous).max() == pytest.approx(0.5, abs=1e-3)
    assert digit_score(ambiguous) > 0.999
    assert digit_score(unlike) < 0.01
