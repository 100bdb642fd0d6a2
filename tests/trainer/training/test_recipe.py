"""Hyperparameters, and their former names in files and on the command line."""

import json

import msgspec
import pytest
import torch

from tests.trainer.conftest import trainer
from trainer.errors import TrainerError
from trainer.models.architectures import ARCHITECTURES
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.training.initial_weights import start_of
from trainer.training.losses import LOSSES
from trainer.training.optim import OPTIMIZERS, SCHEDULES
from trainer.training.recipe import Recipe
from trainer.training.recipes import read_options
from trainer.training.renamed import current_option, with_current_names
from trainer.training.run import TrainingPlan, TrainingRun

FORMER = {"average_decay": 0.9, "normalise": True, "remember": 3.0, "settling": 0.4}
CURRENT = Recipe(
    ema_decay=0.9, normalize=True, distillation_weight=3.0, weak_augmentation_fraction=0.4
)


def test_a_recipe_saved_with_former_names_is_read():
    assert Recipe.from_saved(FORMER) == CURRENT
    assert Recipe.from_saved(msgspec.to_builtins(CURRENT)) == CURRENT


def test_a_value_under_its_current_name_wins():
    assert with_current_names({"ema_decay": 1, "average_decay": 2}) == {"ema_decay": 1}
    assert with_current_names({"average_decay": 2, "ema_decay": 1}) == {"ema_decay": 1}


def test_a_saved_recipe_out_of_range_is_refused():
    with pytest.raises(TrainerError, match="not a recipe"):
        Recipe.from_saved({"epochs": 0})


def test_a_run_written_with_former_names_is_read(tmp_path):
    run = TrainingRun(tmp_path)
    run.start(TrainingPlan(command="", recipe=CURRENT, data=[], validation=[]))
    content = json.loads((tmp_path / "run.json").read_text())
    content["recipe"] = {"architecture": "inkling"} | FORMER
    (tmp_path / "run.json").write_text(json.dumps(content))
    assert run.plan().recipe == CURRENT


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", '{"recipe": 1}', '{"recipe": {"epochs": 0}}'])
def test_a_damaged_run_is_refused(tmp_path, damaged):
    (tmp_path / "run.json").write_text(damaged)
    with pytest.raises(TrainerError, match="is not a run"):
        TrainingRun(tmp_path).plan()


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_training_can_start_from_every_shipped_bundle(name):
    recipe, weights = start_of(read_bundle(PRETRAINED / name), Recipe())
    assert recipe.architecture == name
    assert recipe.normalize is (name == "cnn")
    assert weights


def test_a_file_of_options_may_use_former_names(tmp_path):
    (tmp_path / "old.toml").write_text("average-decay = 0.9\nremember = 3.0\nno-normalise = true\n")
    options = read_options(tmp_path / "old.toml")
    assert options == {"ema_decay": 0.9, "distillation_weight": 3.0, "no_normalize": True}


@pytest.mark.parametrize(
    ("former", "current"),
    [
        ("average-decay", "ema-decay"),
        ("remember", "distillation-weight"),
        ("settling", "weak-augmentation-fraction"),
        ("normalise", "normalize"),
        ("no-normalise", "no-normalize"),
        ("batch-size", "batch-size"),
    ],
)
def test_former_options_are_aliases(former, current):
    assert current_option(former) == current


def test_former_options_work_and_are_hidden(tmp_path, some_digits, without_export):
    (tmp_path / "old.toml").write_text("settling = 0.4\n")
    result = trainer(
        *("train", "--preset", "quick", "--data", f"folder:{some_digits}", "--epochs", "1"),
        *("--config", "old.toml", "--average-decay=0.9", "--normalise", "--folder", "run"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    recipe = TrainingRun(tmp_path / "run").plan().recipe
    assert (recipe.ema_decay, recipe.normalize) == (0.9, True)
    assert recipe.weak_augmentation_fraction == 0.4
    described = trainer("train", "--help", cwd=tmp_path).stdout
    assert "--ema-decay" in described
    for former in ("--average-decay", "--settling", "--remember", "--normalise"):
        assert former not in described


def test_the_choices_of_a_recipe_are_those_that_are_implemented():
    hints = {each.name: each.type for each in msgspec.inspect.type_info(Recipe).fields}
    for name, known in (("loss", LOSSES), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
        assert set(hints[name].type.values) == set(known)


def test_every_hyperparameter_is_an_option_with_the_recipes_default():
    from trainer.cli.train import train

    options = {each.name: each.default for each in train.params}
    recipe = msgspec.to_builtins(Recipe())
    special = {"options", "augmentation", "start_from"}
    assert {name: options[name] for name in recipe.keys() - special} == {
        name: value for name, value in recipe.items() if name not in special
    }


@pytest.mark.parametrize(
    ("options", "cycles"),
    [
        ({"schedule": "one-cycle", "optimizer": "adamw"}, True),
        ({"schedule": "one-cycle", "optimizer": "sgd", "momentum": 0.9}, False),
        ({"schedule": "one-cycle", "optimizer": "adam", "cycle_momentum": False}, False),
        ({"schedule": "cosine", "optimizer": "adam", "cycle_momentum": True}, False),
    ],
)
def test_the_recipe_says_whether_the_momentum_is_cycled(options, cycles):
    recipe = Recipe.from_options(options)
    assert recipe.cycle_momentum is cycles
    weight = torch.nn.Parameter(torch.ones(3))
    updates = OPTIMIZERS[recipe.optimizer]([weight], recipe)
    rate = SCHEDULES[recipe.schedule](updates, recipe, 10)
    seen = set()
    for _ in range(10):
        (group,) = updates.param_groups
        seen.add(round(group["momentum"] if recipe.optimizer == "sgd" else group["betas"][0], 3))
        weight.grad = torch.ones(3)
        updates.step()
        rate.step()
    if cycles:
        assert (min(seen), max(seen)) == (0.85, 0.95)
    else:
        assert seen == {recipe.momentum or 0.9}


def test_a_momentum_and_a_cycle_of_it_contradict_each_other():
    with pytest.raises(TrainerError, match="no effect with --cycle-momentum"):
        Recipe.from_options({"momentum": 0.9, "cycle_momentum": True})
