"""What is said to depart from what was before, and what is not."""

import numpy as np
import pytest
from msgspec.structs import replace

from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.inference.drift import LEAST, READINGS, Profile, comparisons, own_test, psi

BEFORE = Profile(digits=[3400] * 10, not_a_digit=100, confident=33_000)


def aspects(seen: Profile, before: Profile = BEFORE) -> list[str]:
    return [each.aspect for each in comparisons(seen, before) if each.departs]


def like_before(n: int) -> Profile:
    """Answers in the proportions of before."""
    shares = n / BEFORE.single
    return Profile(
        [round(count * shares) for count in BEFORE.digits],
        round(BEFORE.not_a_digit * shares),
        round(BEFORE.confident * shares),
    )


@pytest.mark.parametrize("readings", [1, READINGS])
def test_samples_of_the_same_drawings_do_not_depart_even_if_each_is_read_often(readings):
    rng = np.random.default_rng(0)
    shares = np.array(BEFORE.digits) / sum(BEFORE.digits)
    for n in (LEAST, 3 * LEAST):
        for _ in range(300):
            drawings = n // readings
            rejected = rng.binomial(drawings, BEFORE.not_a_digit / BEFORE.single)
            digits = rng.multinomial(drawings - rejected, shares)
            confident = rng.binomial(digits.sum(), BEFORE.confident / BEFORE.accepted)
            seen = Profile(
                [int(count) * readings for count in digits],
                rejected * readings,
                confident * readings,
            )
            assert aspects(seen) == []


def test_each_aspect_is_told_by_itself():
    few_sevens = like_before(10_000)
    few_sevens.digits = [3000 if digit == 3 else 778 for digit in range(10)]
    few_sevens.confident = round(0.97 * few_sevens.accepted)
    assert aspects(few_sevens) == ["digits"]
    scribbles = like_before(10_000)
    scribbles.not_a_digit = 1500
    assert aspects(scribbles) == ["not_a_digit"]
    doubtful = like_before(10_000)
    doubtful.confident = 8000
    assert aspects(doubtful) == ["confidence"]


def test_each_aspect_needs_the_least_answers_of_its_own_on_both_sides_and_a_large_difference():
    scribbles = Profile(digits=[20] * 10, not_a_digit=LEAST - 201, confident=200)
    assert comparisons(scribbles, BEFORE) == []
    scribbles.not_a_digit += 1
    assert [each.aspect for each in comparisons(scribbles, BEFORE)] == ["not_a_digit"]
    assert aspects(scribbles) == ["not_a_digit"]
    many = like_before(10_000)
    assert [each.aspect for each in comparisons(many, scribbles)] == ["not_a_digit"]
    slightly = like_before(10_000_000)
    slightly.digits[1] = round(1.5 * slightly.digits[1])
    slightly.confident += round(0.5 * slightly.digits[1])
    assert len(comparisons(slightly, BEFORE)) == 3
    assert aspects(slightly) == []


def test_chance_is_shared_among_the_comparisons():
    """A difference that chance exceeds in one aspect once in 2,000 times leads to no line."""
    before = Profile(digits=[100_000_000] * 10, confident=500_000_000)
    n = LEAST // READINGS
    for share, told in ((0.745, []), (0.77, ["confidence"])):
        seen = Profile(digits=[LEAST // 10] * 10, confident=round(share * n) * READINGS)
        assert aspects(seen, before) == told


def test_the_index_is_that_of_the_definition():
    assert psi([5000, 5000], [5000, 5000]) == 0
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


def test_a_test_on_anything_but_people_s_single_digits_is_none():
    card = read_bundle(PRETRAINED / "inkling").card
    others = [each for each in card.evaluations if each.data not in {"strokes", "mnist"}]
    assert others
    assert own_test(replace(card, evaluations=others)) is None
