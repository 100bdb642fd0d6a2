"""The training loop, checkpoints and resuming, losses, optimizers and architectures."""

import math
import subprocess
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from trainer import atomic
from trainer.data.datasets import synthetic
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples
from trainer.errors import TrainerError
from trainer.models.architectures import ARCHITECTURES
from trainer.models.pixels import MNIST_MEAN, MNIST_STD
from trainer.training.augment import augment, augmentation_at
from trainer.training.augmentation import Augmentation
from trainer.training.callbacks import Callback
from trainer.training.losses import LOSSES
from trainer.training.metrics import RunningMetrics, must_be_finite
from trainer.training.model import build_model
from trainer.training.optim import OPTIMIZERS, SCHEDULES
from trainer.training.progress import Progress
from trainer.training.recipe import Recipe
from trainer.training.recipes import presets
from trainer.training.run import SaveEpochs, TrainingPlan, TrainingRun
from trainer.training.train import train_model

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
    """Stands for the end of the process."""


class KillAfter(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, result, state):
        if result.epoch == self.epoch:
            raise Killed


def train(folder, recipe, sets, die_after=None):
    """Train into a run's folder, from its checkpoint where it has one."""
    run = TrainingRun(folder)
    if not (folder / "run.json").exists():
        run.start(TrainingPlan(command="", recipe=recipe, data=[], validation=[]))
    callbacks = [SaveEpochs(run), KillAfter(die_after)]
    train_model(recipe, *sets, CPU, callbacks, checkpoint=run.checkpoint)
    return run


def files(run):
    names = ("best", "last", "checkpoint")
    return [(run.folder / f"{name}.safetensors").read_bytes() for name in names]


@pytest.mark.parametrize(
    "recipe",
    [
        replace(QUICK, optimizer="sgd", momentum=0.5, schedule="constant", ema_decay=0.0),
        replace(QUICK, optimizer="adam", schedule="cosine", loss="mse"),
        replace(QUICK, architecture="inkling"),
        replace(QUICK, architecture="rnn", options={"layers": 2, "dropout": 0.3}, loss="nll"),
    ],
    ids=["sgd", "adam, cosine, mse", "inkling", "rnn"],
)
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, sets, recipe):
    whole = train(tmp_path / "whole", recipe, sets)
    with pytest.raises(Killed):
        train(tmp_path / "cut", recipe, sets, die_after=2)
    torch.rand(7)  # the next process may have used random numbers before
    resumed = train(tmp_path / "cut", recipe, sets)
    assert files(resumed) == files(whole)
    measured = [
        [replace(each, pictures_per_second=0) for each in r.metrics()] for r in (resumed, whole)
    ]
    assert measured[0] == measured[1]


def test_each_batch_steps_the_schedule_and_the_moving_average_of_the_weights(sets):
    recipe = replace(QUICK, architecture="mlp", epochs=2, schedule="cosine", ema_decay=0.9)
    rates = []

    class Rates(Callback):
        def on_epoch_end(self, result, state):
            rates.append(result.learning_rate)

    state = train_model(recipe, *sets, CPU, [Rates()])
    assert rates == pytest.approx([recipe.learning_rate / 2, 0])  # half a cosine
    assert int(state.ema.n_averaged) == 2 * math.ceil(len(sets[0]) / recipe.batch_size)
    torch.manual_seed(recipe.seed)
    first = build_model(recipe).state_dict()
    for name, average in state.eval_model.state_dict().items():
        assert not torch.equal(average, first[name]), name
        assert not torch.equal(average, state.model.state_dict()[name]), name


def test_a_run_killed_while_it_saves_an_epoch_resumes_from_the_one_before(
    tmp_path, sets, monkeypatch
):
    whole = train(tmp_path / "whole", QUICK, sets)
    write = atomic.write_file

    def die_before_checkpoint_3(path, content):
        if path.name.startswith("checkpoint") and len(TrainingRun(path.parent).metrics()) == 3:
            raise Killed
        write(path, content)

    monkeypatch.setattr("trainer.training.run.write_file", die_before_checkpoint_3)
    with pytest.raises(Killed):
        train(tmp_path / "cut", QUICK, sets)
    monkeypatch.undo()
    resumed = train(tmp_path / "cut", QUICK, sets)
    assert files(resumed) == files(whole)
    assert [each.epoch for each in resumed.metrics()] == [1, 2, 3, 4]


def test_a_run_with_a_constant_rate_can_be_resumed_for_more_epochs(tmp_path, sets):
    recipe = replace(QUICK, schedule="constant", augmentation=None)
    whole = train(tmp_path / "whole", recipe, sets)
    train(tmp_path / "longer", replace(recipe, epochs=2), sets)
    plan = TrainingRun(tmp_path / "longer").change_epochs(4)
    assert files(train(tmp_path / "longer", plan.recipe, sets)) == files(whole)


def test_training_stops_early_when_validation_does_not_improve(tmp_path, sets):
    recipe = replace(QUICK, learning_rate=1e-12, weight_decay=0.0, patience=2, epochs=9)
    run = train(tmp_path / "run", recipe, sets)
    assert [each.best for each in run.metrics()] == [True, False, False]


def test_a_training_that_diverges_ends_with_an_error_and_stores_no_epoch_of_it(tmp_path, sets):
    wild = replace(QUICK, architecture="mlp", optimizer="sgd", schedule="constant", ema_decay=0.0)
    run = train(tmp_path / "run", replace(wild, epochs=1), sets)
    with pytest.raises(TrainerError, match=r"diverged in epoch 1: .* lower the learning rate"):
        train(tmp_path / "wild", replace(wild, learning_rate=1e30), sets)
    assert not TrainingRun(tmp_path / "wild").metrics()
    weights = load_file(run.checkpoint)
    weights["model.layers.1.weight"].fill_(torch.inf)  # as after a last step that was too long
    with safe_open(run.checkpoint, "pt") as file:
        metadata = file.metadata()
    save_file(weights, run.checkpoint, metadata)
    with pytest.raises(TrainerError, match="diverged in epoch 2"):
        train(tmp_path / "run", wild, sets)
    assert [each.epoch for each in run.metrics()] == [1]


@pytest.mark.parametrize("losses", [(math.nan, 1.0), (1.0, math.inf)])
def test_neither_loss_of_an_epoch_may_be_infinite_or_no_number(losses):
    must_be_finite(3, 0.0, 1e30)
    with pytest.raises(TrainerError, match="diverged in epoch 3"):
        must_be_finite(3, *losses)


def test_the_lines_within_an_epoch_are_json_even_where_the_loss_is_no_number(capsys):
    metrics = RunningMetrics(1, CPU)
    metrics.update(torch.tensor(torch.nan), torch.eye(10), torch.arange(10))
    Progress(1, 10, as_json=True, every=1).on_batch_end(metrics)
    line = msgspec.json.decode(capsys.readouterr().out)
    assert (line["loss"], line["accuracy"]) == (None, 1.0)


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


def test_a_full_disk_is_reported_and_leaves_the_last_epoch_complete(tmp_path, sets):
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
    assert "TrainerError: epoch 2 could not be saved" in result.stderr
    assert "File too large" in result.stderr
    assert files(run)[2] == before[2]
    assert not list(run.folder.glob(".*"))
    assert train(tmp_path / "run", recipe, sets).metrics()[-1].epoch == 4


def test_augmentation_is_weak_in_the_last_epochs():
    recipe = replace(QUICK, epochs=10, weak_augmentation_fraction=0.2)
    plan = [augmentation_at(epoch, recipe) for epoch in range(10)]
    assert [each.blur for each in plan] == pytest.approx([0.3] * 8 + [0.09] * 2)
    assert {each.rotation for each in plan} == {15.0}  # people do rotate their digits


def test_without_augmentation_images_stay_as_they_are():
    assert augmentation_at(0, replace(QUICK, augmentation=None)) is None
    images = torch.rand(2, 1, 28, 28)
    assert (augment(images, None) == images).all()


def test_running_metrics_are_means_over_images_and_not_over_batches():
    metrics = RunningMetrics(1, CPU)
    right, wrong = torch.eye(10)[:3], torch.eye(10)[[1]]
    metrics.update(torch.tensor(1.0), right, torch.arange(3))
    metrics.update(torch.tensor(5.0), wrong, torch.tensor([0]))
    assert (metrics.pictures, metrics.loss, metrics.accuracy) == (4, 2.0, 0.75)


def test_negative_log_likelihood_is_cross_entropy_in_two_steps():
    logits, labels = torch.randn(9, 11), torch.arange(9)
    for smoothing in (0.0, 0.1):
        ce, nll = (LOSSES[name](logits, labels, smoothing) for name in ("ce", "nll"))
        assert torch.allclose(ce, nll)


def test_mean_squared_error_is_zero_for_a_confident_and_correct_prediction():
    labels = torch.arange(10)
    assert LOSSES["mse"](torch.eye(10) * 100, labels, 0.0) == 0
    assert LOSSES["mse"](torch.zeros(10, 10), labels, 0.0) == pytest.approx(0.09)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_architecture_gives_logits_and_has_a_recipe(name):
    model = build_model(Recipe(architecture=name)).eval()
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
def test_models_of_the_tutorials_have_the_same_number_of_parameters(name, options, parameters):
    model = build_model(Recipe(architecture=name, options=options))
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
def test_an_unknown_name_or_option_is_reported_with_the_nearest_known_one(recipe, reason):
    with pytest.raises(TrainerError, match=reason):
        build_model(recipe)


def test_normalization_is_part_of_the_model():
    torch.manual_seed(0)
    plain = build_model(Recipe(architecture="mlp"))
    torch.manual_seed(0)
    model = build_model(Recipe(architecture="mlp", normalize=True))
    x = torch.rand(2, 1, 28, 28)
    assert torch.allclose(model(x), plain((x - MNIST_MEAN) / MNIST_STD))


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_every_optimizer_and_schedule_takes_a_step(optimizer, schedule):
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
