"""The loop and what it goes on from."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from trainer.data.datasets import synthetic
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples
from trainer.errors import TrainerError
from trainer.models.architectures import ARCHITECTURES
from trainer.training.augment import Augmentation
from trainer.training.loop import EpochResult, fit
from trainer.training.losses import LOSSES
from trainer.training.optim import OPTIMIZERS, SCHEDULES
from trainer.training.recipe import MNIST_DEVIATION, MNIST_MEAN, Recipe, augmentations, build
from trainer.training.recipes import presets
from trainer.training.run import Plan, Run

CPU = torch.device("cpu")
QUICK = Recipe(architecture="cnn", epochs=4, batch_size=32, augmentation=Augmentation())


def digits(count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(10, size=count)
    drawn = [
        render(synthetic.synthetic_strokes(int(label), rng), RenderStyle(side=60))
        for label in labels
    ]
    return Samples(np.stack([preprocess_or_blank(picture) for picture in drawn]), labels)


@pytest.fixture(scope="module")
def sets():
    return digits(300, 0), digits(100, 1)


class Killed(Exception):
    """As if the process had died here."""


def train(folder, recipe, sets, die_after=None):
    """Train into a run's folder, going on where it has a checkpoint."""
    run = Run(folder)
    if not (folder / "run.json").exists():
        run.start(Plan(command="", recipe=recipe, data=[], validation=[]))

    def report(result, state):
        if isinstance(result, EpochResult):
            run.keep(result, state)
            if result.epoch == die_after:
                raise Killed

    fit(*sets, recipe, CPU, report, checkpoint=run.checkpoint)
    return run


def files(run):
    names = ("best", "last", "checkpoint")
    return [(run.folder / f"{name}.safetensors").read_bytes() for name in names]


@pytest.mark.parametrize(
    "recipe",
    [
        replace(QUICK, optimizer="sgd", momentum=0.5, schedule="constant", average_decay=0.0),
        replace(QUICK, optimizer="adam", schedule="cosine", loss="mse"),
        replace(QUICK, architecture="inkling"),
        replace(QUICK, architecture="rnn", options={"layers": 2, "dropout": 0.3}, loss="nll"),
    ],
    ids=["sgd", "adam, cosine, mse", "inkling", "rnn"],
)
def test_stopping_and_going_on_gives_the_weights_of_never_stopping(tmp_path, sets, recipe):
    whole = train(tmp_path / "whole", recipe, sets)
    with pytest.raises(Killed):
        train(tmp_path / "cut", recipe, sets, die_after=2)
    torch.rand(7)  # whatever else the next process does with its random numbers
    gone_on = train(tmp_path / "cut", recipe, sets)
    assert files(gone_on) == files(whole)
    measured = [
        [replace(each, pictures_per_second=0) for each in r.metrics()] for r in (gone_on, whole)
    ]
    assert measured[0] == measured[1]


def test_a_run_killed_while_it_keeps_an_epoch_goes_on_from_the_one_before(
    tmp_path, sets, monkeypatch
):
    whole = train(tmp_path / "whole", QUICK, sets)
    from trainer.training import run as runs

    write = runs.write_file

    def die_before_checkpoint_3(path, content):
        if path.name.startswith("checkpoint") and len(Run(path.parent).metrics()) == 3:
            raise Killed
        write(path, content)

    monkeypatch.setattr(runs, "write_file", die_before_checkpoint_3)
    with pytest.raises(Killed):
        train(tmp_path / "cut", QUICK, sets)
    monkeypatch.undo()
    gone_on = train(tmp_path / "cut", QUICK, sets)
    assert files(gone_on) == files(whole)
    assert [each.epoch for each in gone_on.metrics()] == [1, 2, 3, 4]


def test_a_constant_rate_can_go_on_for_more_epochs(tmp_path, sets):
    recipe = replace(QUICK, schedule="constant", augmentation=None)
    whole = train(tmp_path / "whole", recipe, sets)
    train(tmp_path / "longer", replace(recipe, epochs=2), sets)
    plan = Run(tmp_path / "longer").lengthen(4)
    assert files(train(tmp_path / "longer", plan.recipe, sets)) == files(whole)


def test_it_stops_when_nothing_gets_better(tmp_path, sets):
    recipe = replace(QUICK, learning_rate=1e-12, weight_decay=0.0, patience=2, epochs=9)
    run = train(tmp_path / "run", recipe, sets)
    assert [each.best for each in run.metrics()] == [True, False, False]


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path, sets):
    train(tmp_path / "run", replace(QUICK, epochs=1), sets)
    with pytest.raises(TrainerError, match="does not fit its run"):
        train(tmp_path / "run", replace(QUICK, architecture="lenet5"), sets)


def test_a_damaged_checkpoint_is_refused(tmp_path, sets):
    run = train(tmp_path / "run", replace(QUICK, epochs=1), sets)
    whole = run.checkpoint.read_bytes()
    for damaged in (b"", b"broken", whole[:-100]):
        run.checkpoint.write_bytes(damaged)
        with pytest.raises(TrainerError, match="does not fit its run"):
            train(tmp_path / "run", QUICK, sets)


def test_a_full_disk_is_told_and_leaves_the_last_epoch_whole(tmp_path, sets):
    recipe = replace(QUICK, schedule="constant")
    run = train(tmp_path / "run", replace(recipe, epochs=1), sets)
    before = files(run)
    size = run.checkpoint.stat().st_size
    code = (
        "import signal, resource; from pathlib import Path;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from tests.trainer.training.test_loop import *;"
        "sets = digits(300, 0), digits(100, 1);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size - 1},) * 2);"
        f"train(Path({str(run.folder)!r}), replace(QUICK, schedule='constant'), sets)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "TrainerError: epoch 2 could not be kept" in result.stderr
    assert "File too large" in result.stderr
    assert files(run)[2] == before[2]
    assert not list(run.folder.glob(".*"))
    assert train(tmp_path / "run", recipe, sets).metrics()[-1].epoch == 4


def test_two_processes_learn_as_one_does(tmp_path, some_digits):
    quick = ["--preset", "lenet5", "--data", f"folder:{some_digits}", "--json"]
    quick += ["--epochs", "6", "--schedule", "constant"]
    found = {}
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        launch = ["torch.distributed.run", "--nproc-per-node", "2", "-m"] if processes > 1 else []
        result = subprocess.run(
            [sys.executable, "-m", *launch, "trainer", "train", *quick, "--folder", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert [line.get("epoch") for line in lines] == [1, 2, 3, 4, 5, 6, None]
        card = lines[-1]["card"]
        assert card["command"].startswith("torchrun --nproc-per-node=2" if launch else "python")
        found[processes] = card["evaluations"][0]["accuracy"]
    assert found[1] > 0.8
    assert abs(found[2] - found[1]) < 0.05


def test_augmentation_is_weak_while_the_model_settles():
    plan = augmentations(replace(QUICK, epochs=10, settling=0.2))
    assert [each.blur for each in plan] == pytest.approx([0.3] * 8 + [0.09] * 2)
    assert {each.rotation for each in plan} == {15.0}  # people do turn their digits
    plain = augmentations(replace(QUICK, augmentation=None))
    assert len(plain) == QUICK.epochs
    pictures = torch.rand(2, 1, 28, 28)
    assert (plain[0](pictures) == pictures).all()


def test_negative_log_likelihood_is_cross_entropy_in_two_steps():
    logits, labels = torch.randn(9, 11), torch.arange(9)
    for smoothing in (0.0, 0.1):
        ce, nll = (LOSSES[name](logits, labels, smoothing) for name in ("ce", "nll"))
        assert torch.allclose(ce, nll)


def test_mean_squared_error_is_nothing_for_a_sure_and_right_answer():
    labels = torch.arange(10)
    assert LOSSES["mse"](torch.eye(10) * 100, labels, 0.0) == 0
    assert LOSSES["mse"](torch.zeros(10, 10), labels, 0.0) == pytest.approx(0.09)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_architecture_gives_logits_and_has_a_recipe(name):
    model = build(Recipe(architecture=name)).eval()
    assert model(torch.rand(3, 1, 28, 28)).shape in {(3, 10), (3, 11)}
    assert name in presets()


@pytest.mark.parametrize(
    ("name", "options", "parameters"),
    [
        ("cnn", {}, 21_840),
        ("mlp", {}, 203_530),
        ("lenet5", {}, 61_706),
        (
            "rnn",
            {"cell": "gru", "hidden": 10, "bidirectional": True},
            2 * 3 * (28 + 10 + 2) * 10 + 210,
        ),
    ],
)
def test_the_tutorials_models_have_as_many_parameters_as_there(name, options, parameters):
    model = build(Recipe(architecture=name, options=options))
    assert sum(each.numel() for each in model.parameters()) == parameters


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        (Recipe(architecture="lenet"), "did you mean 'lenet5'"),
        (Recipe(architecture="mlp", options={"hiden": 3}), "did you mean 'hidden'"),
        (Recipe(architecture="lenet5", options={"cell": "gru"}), "takes no option 'cell'"),
        (Recipe(architecture="rnn", options={"cell": "gnu"}), "there is no cell 'gnu'"),
    ],
)
def test_an_unknown_name_or_option_is_told_with_the_nearest(recipe, reason):
    with pytest.raises(TrainerError, match=reason):
        build(recipe)


def test_normalising_is_part_of_the_model():
    torch.manual_seed(0)
    plain = build(Recipe(architecture="mlp"))
    torch.manual_seed(0)
    model = build(Recipe(architecture="mlp", normalise=True))
    x = torch.rand(2, 1, 28, 28)
    assert torch.allclose(model(x), plain((x - MNIST_MEAN) / MNIST_DEVIATION))


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_every_optimiser_and_schedule_takes_a_step(optimizer, schedule):
    recipe = Recipe(optimizer=optimizer, schedule=schedule, momentum=0.5)
    weight = torch.nn.Parameter(torch.ones(3))
    for steps in (1, 5, 10):
        updates = OPTIMIZERS[optimizer]([weight], recipe)
        rate = SCHEDULES[schedule](updates, recipe, steps)
        for _ in range(steps):
            before = weight.detach().clone()
            weight.grad = torch.ones(3)
            updates.step()
            rate.step()
        assert (weight != before).any() or schedule != "constant"
