"""The data of a retraining, by what is available and what is requested."""

from pathlib import Path

from trainer.data.source import Source
from trainer.training.available_data import plan_data, validation_set
from trainer.training.recipes import preset, read_options

REFINE = [Source.parse(text) for text in read_options(preset("refine"))["data"]]
LENET = [Source.parse(text) for text in read_options(preset("lenet5"))["data"]]
CORRECTIONS = Path("corrections")


def bare(source: Source) -> bool:
    """A machine without any downloaded data set."""
    return source.name in {"synthetic", "scribbles"}


def full(source: Source) -> bool:
    return True


def test_on_a_bare_machine_synthetic_digits_are_replayed_and_missing_data_is_named():
    plan = plan_data(REFINE, corrections=CORRECTIONS, available=bare)
    assert plan.used == ["scribbles", "synthetic", "corrections"]
    assert plan.missing == ["mnist", "strokes", "letters"]
    assert plan.validation == "synthetic"
    assert plan.test == ["synthetic"]
    assert plan.sources[-1].path == CORRECTIONS


def test_all_available_data_is_replayed():
    plan = plan_data(REFINE, available=full)
    assert plan.used == ["mnist", "strokes", "letters", "scribbles"]
    assert plan.missing == []
    assert plan.validation == "strokes"
    assert plan.test == ["mnist", "strokes", "synthetic"]


def test_named_data_is_used_even_if_it_is_not_available():
    plan = plan_data(
        LENET, only=["mnist"], corrections=CORRECTIONS, continues=False, available=bare
    )
    assert plan.used == ["mnist"]  # loading it then tells what is missing
    assert (plan.validation, plan.missing) == ("mnist", [])


def test_corrections_are_never_trained_on_without_a_replay():
    plan = plan_data(REFINE, only=["corrections"], corrections=CORRECTIONS, available=bare)
    assert plan.used == ["scribbles", "synthetic", "corrections"]


def test_an_architecture_without_a_class_for_non_digits_gets_no_non_digits():
    plan = plan_data(REFINE, digits_only=True, available=full)
    assert plan.used == ["mnist", "strokes"]


def test_the_validation_set_is_the_closest_to_what_people_draw():
    assert validation_set(["mnist", "strokes"]) == "strokes"
    assert validation_set(["letters", "mnist"]) == "mnist"
    assert validation_set([]) == "synthetic"
