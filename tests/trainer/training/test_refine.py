"""Continuing from a bundle: initial weights, distillation, corrections, comparing bundles."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load

from tests.trainer.conftest import trainer
from trainer.data.datasets import synthetic
from trainer.data.datasets.corrections import FILE, Corrected, write
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.evaluation.compare import compare
from trainer.recognition.bundle import PRETRAINED, read_bundle, read_weights
from trainer.recognition.image import as_png
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.training.initial_weights import start_of
from trainer.training.losses import distillation_loss
from trainer.training.model import load_model
from trainer.training.recipe import Recipe
from trainer.training.train import train_model
from trainer.training.validation import predict_logits

CPU = torch.device("cpu")
SMALL = PRETRAINED / "lenet5"


# Distillation

logits = st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=2, max_size=6)


@given(logits, st.integers(0, 2))
def test_the_distillation_loss_is_zero_for_the_teachers_own_logits_and_never_negative(rows, label):
    old = torch.tensor(rows)
    labels = torch.full((len(rows),), label)
    assert float(distillation_loss(old, old, labels)) == pytest.approx(0, abs=1e-5)
    other = torch.roll(old, 1, dims=1)
    assert float(distillation_loss(other, old, labels)) >= -1e-5


def test_images_that_the_teacher_got_wrong_are_not_distilled():
    old = torch.tensor([[9.0, 0, 0], [9.0, 0, 0]])
    new = torch.tensor([[0.0, 9, 0], [0.0, 9, 0]])
    assert float(distillation_loss(new, old, torch.tensor([1, 1]))) == 0
    assert float(distillation_loss(new, old, torch.tensor([0, 1]))) > 1


def test_distillation_keeps_predictions_closer_to_the_teachers(some_digits):
    digits = Source("folder", path=some_digits)
    learned, seen = digits.load(Split.TRAIN), digits.load(Split.TEST)
    bundle = read_bundle(SMALL)
    before, moved = None, []
    for weight in (0.0, 20.0):
        recipe = Recipe(epochs=2, learning_rate=3e-3, distillation_weight=weight, ema_decay=0.0)
        recipe, weights = start_of(bundle, recipe)
        start = load(weights)
        before = predict_logits(load_model(recipe, start), seen, CPU).softmax(1)
        state = train_model(recipe, learned, seen, CPU, start=start)
        after = predict_logits(state.eval_model, seen, CPU).softmax(1)
        moved.append(float((after - before).abs().mean()))
    assert moved[1] < moved[0]


# Initial weights of a bundle


def test_the_architecture_comes_from_the_bundle_and_the_rest_from_the_recipe():
    bundle = read_bundle(SMALL)
    recipe, weights = start_of(bundle, Recipe(architecture="inkling", epochs=3, seed=7))
    assert (recipe.architecture, recipe.start_from) == ("lenet5", bundle.card.version)
    assert (recipe.epochs, recipe.seed) == (3, 7)
    assert load_model(recipe, load(weights)) is not None
    with pytest.raises(TrainerError, match="do not fit the architecture 'mlp'") as error:
        load_model(replace(recipe, architecture="mlp"), load(weights))
    assert len(str(error.value)) < 120  # it is shown on the run's page, in one line


def test_altered_weights_are_refused(tmp_path):
    from trainer.recognition.bundle import BundleError, copy_bundle

    bundle = copy_bundle(read_bundle(SMALL), tmp_path / "copy")
    file = tmp_path / "copy" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(BundleError, match="does not match the hash"):
        read_weights(bundle)


@pytest.fixture(scope="module")
def refined(tmp_path_factory, some_digits) -> Path:
    """A run of one tiny step away from the shipped LeNet-5, stopped after its first epoch."""
    folder = tmp_path_factory.mktemp("refined")
    result = trainer(
        *("train", "--preset", "refine", "--start-from", SMALL, "--data", f"folder:{some_digits}"),
        *("--validate", f"folder:{some_digits}", "--learning-rate", "1e-9", "--epochs", "2"),
        *("--folder", folder / "run", "--json", "--every", "0.001"),
        cwd=folder,
    )
    assert result.returncode == 0, result.stderr
    (folder / "stdout").write_text(result.stdout)
    return folder


def test_training_starts_with_the_weights_of_the_bundle(refined):
    plan = json.loads((refined / "run" / "run.json").read_text())
    assert plan["recipe"]["start_from"] == read_bundle(SMALL).card.version
    assert plan["which"] == "last"
    old, new = (load(read_weights(read_bundle(each))) for each in (SMALL, refined / "run/bundle"))
    for name, weights in old.items():
        assert torch.allclose(weights, new[name], atol=1e-4), name


def test_json_lines_within_an_epoch_report_its_progress(refined):
    lines = [json.loads(line) for line in (refined / "stdout").read_text().splitlines()]
    batches = [line for line in lines if "of_pictures" in line]
    assert len(batches) > 4
    assert {line["of_epochs"] for line in batches} == {2}
    assert max(line["pictures"] for line in batches) == batches[0]["of_pictures"] == 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start-from", SMALL, "--architecture", "mlp"], "--architecture is fixed by"),
        (["--start-from", "nowhere"], "nowhere"),
        (["--distillation-weight", "1"], "--distillation-weight needs a bundle"),
        (["--remember", "1"], "--distillation-weight needs a bundle"),
    ],
)
def test_options_that_contradict_each_other_are_refused_before_training(tmp_path, arguments, words):
    result = trainer("train", *arguments, cwd=tmp_path)
    assert result.returncode != 0
    assert words in result.stderr


def test_an_architecture_without_that_class_trains_on_digits_alone(
    tmp_path, some_digits, without_export
):
    write(tmp_path / "c", [drawing(3), drawing(4, label="not_a_digit")])
    result = trainer(
        *("train", "--preset", "quick", "--data", "corrections:c:40", "--epochs", "1"),
        *("--validate", f"folder:{some_digits}", "--folder", "run"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    plan = json.loads((tmp_path / "run" / "run.json").read_text())
    assert plan["data"][0]["pictures"] == 20


# Corrections as a data set


def replace_label(drawing: Corrected, label: str) -> Corrected:
    return msgspec.structs.replace(drawing, label=label)


def drawing(digit: int, label: str = "", **fields: object) -> Corrected:
    strokes = synthetic.synthetic_strokes(digit, np.random.default_rng(digit))
    fields = {"strokes": [line.tolist() for line in strokes], **fields}
    picture = as_png(render(strokes, RenderStyle()))
    return Corrected(label=label or str(digit), picture=picture, **fields)


def test_corrections_come_as_sent_and_then_in_random_styles(tmp_path):
    write(tmp_path, [drawing(3), drawing(7, strokes=None), drawing(5, held_back=True)])
    source = Source("corrections", 9, tmp_path)
    samples = source.load(Split.TRAIN)
    assert sorted(samples.labels.tolist()) == [3] * 4 + [7] * 5 or len(samples) == 9
    looks = {
        label: {p.tobytes() for p in samples.pixels[samples.labels == label]} for label in (3, 7)
    }
    assert len(looks[3]) > 1
    assert len(looks[7]) == 1  # of which only the picture is known
    sent = Source("corrections", 2, tmp_path).load(Split.TRAIN)
    assert set(sent.labels.tolist()) == {3, 7}
    assert all(pixels.tobytes() in looks[label] for pixels, label in zip(*_both(sent), strict=True))


def _both(samples: Samples) -> tuple[np.ndarray, list[int]]:
    return samples.pixels, samples.labels.tolist()


def test_held_out_corrections_are_the_gate_part_and_in_no_split(tmp_path):
    held_out = [drawing(d, held_back=True, writer=who) for d, who in ((1, "a"), (2, "b"), (5, "a"))]
    held_out[2] = replace_label(held_out[2], "not_a_digit")
    write(tmp_path, [drawing(3), *held_out])
    source = Source("corrections", 50, tmp_path)
    gate = source.load_gate()
    assert gate.labels.tolist() == [1, 2, NOT_A_DIGIT]
    assert gate.writers.tolist() == [0, 1, 0]
    assert [len(source.load(split)) for split in (Split.VALIDATION, Split.TEST)] == [0, 0]
    assert set(source.load(Split.TRAIN).labels.tolist()) == {3}
    write(tmp_path, [drawing(3)])
    assert len(source.load_gate()) == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"label": "1-2"}, "'1-2' is neither 0 to 9"),
        ({"picture": base64.b64encode(b"no picture").decode()}, "not a corrected drawing"),
        ({"strokes": [[[1]]]}, "not a corrected drawing"),
        ("{", "not a corrected drawing"),
    ],
)
def test_an_invalid_line_is_reported_with_its_number(tmp_path, line, words):
    import gzip

    good = json.loads(msgspec.json.encode(drawing(3)))
    bad = line if isinstance(line, str) else json.dumps(good | line)
    (tmp_path / FILE).write_bytes(gzip.compress(f"{json.dumps(good)}\n{bad}\n".encode()))
    with pytest.raises(TrainerError, match=f"{FILE}:2") as raised:
        Source("corrections", None, tmp_path).load(Split.TRAIN)
    assert words in str(raised.value)


def test_a_missing_file_and_a_file_without_training_samples_are_reported(tmp_path):
    with pytest.raises(TrainerError, match="No such file"):
        Source("corrections", None, tmp_path).load(Split.TRAIN)
    write(tmp_path, [drawing(3, held_back=True)])
    with pytest.raises(TrainerError, match="no drawings to train on"):
        Source("corrections", None, tmp_path).load(Split.TRAIN)


# Side by side


def test_bundles_are_compared_on_the_same_pictures_and_what_is_missing_is_named(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("INKLING_DATA", str(tmp_path / "nothing"))
    held_back = [drawing(d, held_back=True) for d in (1, 2)]
    write(tmp_path, [*held_back, drawing(8, label="not_a_digit", held_back=True)])
    bundles = [read_bundle(PRETRAINED / name) for name in ("lenet5", "inkling")]
    sources = [Source("mnist"), Source("corrections", None, tmp_path)]
    found = compare(bundles, sources, numbers=False)
    assert found.versions == [bundle.card.version for bundle in bundles]
    assert found.missing == ["mnist"]
    (score,) = found.scores
    assert (score.data, score.pictures, score.writers) == ("corrections:" + str(tmp_path), 3, 1)
    assert score.values[1] >= 2 / 3  # the 8 that is none is accepted as one
    assert (score.gains[0].low, score.gains[0].high) == (-1, 1)  # of a single writer
