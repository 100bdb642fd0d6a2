"""What the mistakes cost: the measurement, and its results in docs/learn."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from tests.bench.mistakes import (
    CPU,
    FILTERS,
    NAMES,
    RESULTS,
    SEEDS,
    Mistakes,
    Watch,
    choice,
    measure,
    readable,
)
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.report.first_layer import COLUMNS, as_sheet
from trainer.training.recipe import Recipe
from trainer.training.recipes import preset, read_options
from trainer.training.train import train_model
from trainer.training.training_data import load_splits
from trainer.training.watch import FRAMES


@pytest.fixture(scope="module")
def blots(tmp_path_factory):
    """A data set of 100 / 50 / 50 pictures of a blot that is at one of ten places."""
    folder = tmp_path_factory.mktemp("blots")
    rng = np.random.default_rng(0)
    for split, count in zip(Split, (100, 50, 50), strict=True):
        for index in range(count):
            label = index % 10
            picture = rng.integers(200, 256, (56, 56), dtype=np.uint8)
            picture[10:46, 10:14] = picture[10:14, 10:46] = 0
            picture[12 + 3 * label : 18 + 3 * label, 20:40] = 0
            place = folder / split / str(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(place / f"{index:03}.png")
    return f"folder:{folder}:100"


@pytest.fixture(scope="module")
def stored():
    return msgspec.json.decode(RESULTS.read_bytes(), type=Mistakes)


def test_measuring_again_gives_the_same_curves_results_and_layers(blots):
    names = ("none", "no-eval", "test-on-train")
    first, layers = measure(1, names, blots, epochs=13)
    again, same = measure(1, names[:2], blots, epochs=13)
    assert again.outcomes == first.outcomes[:2]
    assert np.array_equal(same, layers)
    assert layers.shape == (3, 32, 784)  # of steps 0, 25 and 50
    right, no_eval, on_train = (each.results[0] for each in first.outcomes)
    assert right.claimed == right.validation
    assert no_eval.claimed < no_eval.validation
    assert on_train.claimed != on_train.validation
    assert (first.steps, first.steps_per_epoch, first.train) == ([0, 25, 50], 4, 100)


def test_a_watched_training_gives_the_same_weights(blots):
    """Although its model is measured in between, here with random numbers of dropout."""
    recipe = replace(
        Recipe.from_options(read_options(preset("mistakes/no-eval"))), epochs=4, batch_size=8
    )
    source = Source.parse(blots)
    splits = load_splits([source], [source], 0)
    watch = Watch(recipe, splits.validation)
    watched, alone = (
        train_model(recipe, splits.train, splits.validation, CPU, callbacks)
        for callbacks in ([watch], [])
    )
    assert len(watch.curve.validation_loss) == 3
    assert watched.best == alone.best
    for name, weights in alone.model.state_dict().items():
        assert torch.equal(watched.model.state_dict()[name], weights)


def test_the_best_of_equal_guessers_by_few_images_is_no_better_on_others():
    right = np.random.default_rng(1).random((50, 2000)) < 0.5
    chosen = choice(right, 100)
    assert chosen.claimed > 0.58
    assert chosen.fresh == pytest.approx(0.5, abs=0.02)


def test_a_weight_of_zero_is_grey_and_large_ones_are_white_or_black():
    layers = np.zeros((2, COLUMNS, 784), np.float32)
    layers[1, 0, 0], layers[1, 1, 0] = 9, -9
    sheet = as_sheet(layers)
    assert sheet.shape == (56, COLUMNS * 28)
    assert (sheet[:28] == 128).all()
    assert (sheet[28, 0], sheet[28, 28]) == (255, 1)


def test_the_stored_results_are_of_all_recipes_and_complete(stored):
    """After a change of a recipe, `python -m tests.bench.mistakes` measures them anew."""
    assert [each.name for each in stored.outcomes] == list(NAMES)
    epochs = read_options(preset("mistakes/none"))["epochs"]
    assert stored.steps[-1] == epochs * stored.steps_per_epoch
    assert stored.frames == list(FRAMES)
    for each in stored.outcomes:
        assert [result.seed for result in each.results] == list(range(SEEDS))
        assert each.command.endswith(f"--preset mistakes/{each.name}")
        for values in msgspec.to_builtins(each.curve).values():
            assert len(values) == len(stored.steps)
    assert readable(msgspec.json.encode(stored)) == RESULTS.read_bytes()


def test_the_picture_of_the_filters_is_small_and_has_all_frames(stored):
    assert FILTERS.stat().st_size <= 25_000
    with Image.open(FILTERS) as sheet:
        assert sheet.size == (COLUMNS * 28, len(stored.frames) * 32 // COLUMNS * 28)
