"""The trainer's commands are what a person would type."""

from pathlib import Path

from webapp.retraining.command import as_typed, compare, retrain
from webapp.retraining.options import RetrainingOptions

RUN, ACTIVE, CORRECTIONS = Path("retraining/x"), Path("inkling"), Path("retraining/x/corrections")


def test_by_default_a_run_continues_from_the_active_version():
    command = as_typed(retrain(RetrainingOptions(), RUN, ACTIVE, CORRECTIONS))
    assert command == (
        "python -m trainer retrain --start-from inkling --corrections retraining/x/corrections "
        "--seed 0 --folder retraining/x --no-tests --json --every 0.5"
    )


def test_options_become_options_of_the_command():
    options = RetrainingOptions(
        start="scratch", preset="lenet5", architecture="mlp", data=["mnist", "corrections"],
        epochs=3, learning_rate=0.01, seed=7,
    )  # fmt: skip
    assert as_typed(retrain(options, RUN, ACTIVE, None)) == (
        "python -m trainer retrain --preset lenet5 --architecture mlp --only mnist "
        "--only corrections --epochs 3 --learning-rate 0.01 --seed 7 --folder retraining/x "
        "--no-tests --json --every 0.5"
    )


def test_the_comparison_includes_held_out_corrections_if_there_are_any():
    assert "--corrections" in compare([ACTIVE], RUN, CORRECTIONS)
    assert "--corrections" not in compare([ACTIVE], RUN, None)


def test_the_new_version_comes_after_those_that_it_is_compared_with():
    assert as_typed(compare([ACTIVE, Path("shipped")], RUN, None)) == (
        "python -m trainer compare inkling shipped retraining/x --json"
    )
