"""Which new versions are promoted, refused, or left to a person."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.retraining.gate import Comparison, Gain, Score, judge

RECORDED = Path(__file__).parent / "recorded"


def score(data: str, *gains: tuple[float, float, float], measure: str = "right") -> Score:
    """Of 1,000 pictures; each gain is (value, low, high) in percentage points."""
    values = [0.9 - gain[0] / 100 for gain in gains] + [0.9]
    found = [Gain(*(each / 100 for each in gain)) for gain in gains]
    return Score(data, measure, 1000, 50, True, values, found)


def verdict(*scores: Score, margin: float = 0.25):
    versions = ["old", "shipped", "new"] if len(scores[0].gains) == 2 else ["old", "new"]
    return judge(Comparison(versions, list(scores), []), margin)


BETTER, SAME = (4.0, 1.0, 7.0), (0.0, -0.1, 0.1)


def test_a_version_that_is_certainly_better_and_certainly_nowhere_worse_is_promoted():
    found = verdict(score("mnist", SAME), score("corrections:x", BETTER))
    assert (found.decision, found.judged_by, found.gain) == ("promoted", "held back", 40.0)
    assert found.rows[1].data == "corrections"


def test_a_gain_that_may_be_chance_is_left_to_a_person():
    found = verdict(score("mnist", SAME), score("corrections", (4.0, -0.5, 8.0)))
    assert (found.decision, found.reason) == ("person", "not better")


def test_a_loss_that_may_exceed_the_margin_is_left_to_a_person_and_a_certain_one_is_refused():
    gained = score("corrections", BETTER)
    unsure = verdict(score("mnist", (-0.1, -0.4, 0.2)), gained)
    assert (unsure.decision, unsure.reason, unsure.open) == ("person", "open", ["mnist"])
    certain = verdict(score("mnist", (-0.3, -0.5, -0.1)), gained)
    assert (certain.decision, certain.reason, certain.worse) == ("refused", "worse", ["mnist"])
    assert verdict(score("mnist", (-0.1, -0.2, -0.05)), gained).decision == "promoted"
    assert verdict(score("mnist", (-0.3, -0.5, -0.1)), gained, margin=0.5).decision == "promoted"


def test_many_small_losses_do_not_add_up_as_the_shipped_version_is_a_floor():
    """Each promotion may lose the margin; what all of them lose together, is compared as well."""
    since_active, since_shipped = (-0.1, -0.2, 0.0), (-0.6, -0.8, -0.4)
    gained = score("corrections", BETTER, BETTER)
    found = verdict(score("strokes", since_active, since_shipped), gained)
    assert (found.decision, found.worse, found.shipped) == ("refused", ["strokes"], "shipped")
    assert verdict(score("strokes", since_active, SAME), gained).decision == "promoted"


@pytest.mark.parametrize("lost", ["letters", "numbers", "calibration"])
def test_rejection_calibration_and_numbers_count_as_much_as_digits(lost):
    measure = "calibration" if lost == "calibration" else "right"
    worse = score(lost, (-2.0, -3.0, -1.0), measure=measure)
    found = verdict(score("mnist", SAME), worse, score("corrections", BETTER))
    assert (found.decision, found.worse) == ("refused", [lost])


def test_without_held_back_drawings_all_data_sets_together_decide():
    found = verdict(score("mnist", SAME), score("everything", (0.2, 0.1, 0.3)))
    assert (found.decision, found.judged_by) == ("promoted", "overall")
    assert verdict(score("everything", SAME)).decision == "person"
    nothing = judge(Comparison(["old", "new"], [], []), 0.25)
    assert (nothing.decision, nothing.reason) == ("person", "nothing to compare")


@pytest.mark.parametrize(
    ("name", "decision"), [("slightly-refined", "person"), ("lenet5", "refused")]
)
def test_recorded_comparisons_with_the_shipped_model_are_decided_as_a_person_would(name, decision):
    """`python -m trainer compare inkling NEW --json`.

    `slightly-refined`: one epoch of `retrain --start-from inkling --learning-rate 1e-5`.
    """
    recorded = msgspec.json.decode((RECORDED / f"{name}.json").read_bytes(), type=Comparison)
    assert judge(recorded, 0.25).decision == decision


intervals = st.tuples(*[st.floats(-5, 5)] * 3).map(sorted).map(lambda g: (g[1], g[0], g[2]))


@settings(deadline=None)  # which a busy machine would miss
@given(st.lists(st.tuples(intervals, intervals), min_size=1, max_size=5), st.floats(0, 5))
def test_nothing_is_promoted_that_may_lose_more_than_the_margin(gains, margin):
    scores = [score(f"set{index}", *pair) for index, pair in enumerate(gains)]
    found = verdict(*scores, score("everything", *gains[0]), margin=margin)
    if found.decision == "promoted":
        assert all(100 * gain.low >= -margin - 1e-6 for row in found.rows for gain in row.gains)
        assert gains[0][0][1] > 0
    if found.decision == "refused":
        assert any(gain.high < 0 for row in found.rows for gain in row.gains)
    assert msgspec.convert(json.loads(msgspec.json.encode(found)), type(found)) == found
