"""What is said to depart from a version's test, and what is not."""

import numpy as np
import pytest

from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.inference.drift import LEAST, READINGS, Profile, departures, own_test, psi

TEST = Profile(digits=[340] * 10, not_a_digit=10, confident=3300)


def aspects(seen: Profile, test: Profile = TEST) -> list[str]:
    return [each.aspect for each in departures(seen, test)]


def like_the_test(n: int) -> Profile:
    """Answers in the test's proportions."""
    shares = n / TEST.single
    return Profile(
        [round(count * shares) for count in TEST.digits],
        round(TEST.not_a_digit * shares),
        round(TEST.confident * shares),
    )


@pytest.mark.parametrize("readings", [1, READINGS])
def test_samples_of_the_test_itself_do_not_depart_even_if_each_drawing_is_read_often(readings):
    rng = np.random.default_rng(0)
    shares = np.array(TEST.digits) / sum(TEST.digits)
    for n in (LEAST, 3 * LEAST):
        for _ in range(300):
            drawings = n // readings
            rejected = rng.binomial(drawings, TEST.not_a_digit / TEST.single)
            digits = rng.multinomial(drawings - rejected, shares)
            confident = rng.binomial(digits.sum(), TEST.confident / TEST.accepted)
            seen = Profile(
                [int(count) * readings for count in digits],
                rejected * readings,
                confident * readings,
            )
            assert aspects(seen) == []


def test_each_aspect_is_told_by_itself():
    few_sevens = like_the_test(10_000)
    few_sevens.digits = [3000 if digit == 3 else 778 for digit in range(10)]
    few_sevens.confident = round(0.97 * few_sevens.accepted)
    assert aspects(few_sevens) == ["digits"]
    scribbles = like_the_test(10_000)
    scribbles.not_a_digit = 1500
    assert aspects(scribbles) == ["not_a_digit"]
    doubtful = like_the_test(10_000)
    doubtful.confident = 8000
    assert aspects(doubtful) == ["confidence"]


def test_fewer_answers_than_the_least_and_small_differences_say_nothing():
    scribbles = Profile(digits=[30] * 10, not_a_digit=LEAST - 301, confident=300)
    assert aspects(scribbles) == []
    scribbles.digits[0] += 1
    assert aspects(scribbles) == ["not_a_digit"]
    slightly = like_the_test(10_000_000)
    slightly.digits[1] = round(1.5 * slightly.digits[1])
    slightly.confident += round(0.5 * slightly.digits[1])
    assert aspects(slightly) == []


def test_the_index_is_that_of_the_definition():
    assert psi([5000, 5000], [500, 500]) == 0
    assert psi([900_000, 100_000], [500_000, 500_000]) == pytest.approx(
        0.4 * np.log(1.8) - 0.4 * np.log(0.2), abs=1e-3
    )


def test_a_version_s_test_is_the_one_of_people_s_strokes_on_its_card():
    card = read_bundle(PRETRAINED / "inkling").card
    (strokes,) = [each for each in card.evaluations if each.data == "strokes"]
    data, test = own_test(card)
    assert data == "strokes"
    assert test.single == pytest.approx(strokes.pictures, abs=10)
    assert test.not_a_digit == round(strokes.rejected * strokes.pictures)
    assert 0.9 * test.accepted < test.confident <= test.accepted
