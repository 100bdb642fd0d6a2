"""Which new versions are promoted automatically."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.retraining.gate import Compared, Comparison, Measured, judge


def compared(data: str, before: float, after: float, pictures: int = 1000) -> Compared:
    return Compared(data, (Measured(pictures, before), Measured(pictures, after)))


def verdict(*sets: Compared, margin: float = 0.1):
    return judge(Comparison(("old", "new"), list(sets), []), margin)


def test_a_version_that_is_better_on_held_back_drawings_and_nowhere_worse_takes_over():
    found = verdict(compared("mnist", 0.9975, 0.9966), compared("corrections:x", 0.4, 0.8, 10))
    assert found.auto_promoted
    assert (found.judged_by, found.gain) == ("held back", 4.0)
    assert found.rows[1].data == "corrections"


def test_a_loss_beyond_the_margin_on_one_data_set_leaves_the_decision_to_an_admin():
    sets = compared("mnist", 0.9975, 0.9964), compared("corrections:x", 0.4, 0.8, 10)
    found = verdict(*sets)
    assert (found.auto_promoted, found.reason, found.worse) == (False, "worse", ["mnist"])
    assert verdict(*sets, margin=0.2).auto_promoted


def test_a_version_that_is_no_better_on_held_back_drawings_waits_even_if_all_else_is_better():
    found = verdict(compared("mnist", 0.9, 0.95), compared("corrections:x", 0.8, 0.8, 10))
    assert (found.auto_promoted, found.reason) == (False, "not better")


def test_without_held_back_drawings_all_data_sets_together_decide():
    better = verdict(compared("mnist", 0.99, 0.991), compared("synthetic", 0.99, 0.9895, 100))
    assert (better.auto_promoted, better.judged_by) == (True, "overall")
    assert not verdict(compared("mnist", 0.99, 0.9899)).auto_promoted
    assert verdict().reason == "nothing to compare"


def test_non_digits_count_by_their_rejection_rate():
    others = Compared("letters", (Measured(100, rejected=0.95), Measured(100, rejected=0.9)))
    found = verdict(others)
    assert (found.rows[0].digits, found.reason) == (False, "worse")


@settings(deadline=None)  # which a busy machine would miss
@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50)), max_size=5),
    st.floats(0, 5),
)
def test_a_version_that_loses_more_than_the_margin_does_not_take_over(counts, margin):
    sets = [
        compared(f"set{index}", min(before, n) / n, min(after, n) / n, n)
        for index, (n, before, after) in enumerate(counts)
    ]
    found = verdict(*sets, margin=margin)
    if found.auto_promoted:
        assert all(100 * (row.before - row.after) <= margin + 1e-6 for row in found.rows)
        assert sum(row.gain for row in found.rows) > 0
    assert msgspec.convert(msgspec.to_builtins(found), type(found)) == found
