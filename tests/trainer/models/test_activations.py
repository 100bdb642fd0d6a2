"""Summaries, activations and occlusion maps of models."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainer.conftest import trainer
from trainer.models.activations import activations
from trainer.models.architectures import ARCHITECTURES
from trainer.models.pixels import scale_pixels
from trainer.onnx_graph import to_onnx
from trainer.recognition.bundle import Bundle
from trainer.recognition.occlusion import occlusion_map
from trainer.recognition.preprocess import preprocess
from trainer.recognition.recognizer import Recognizer
from trainer.training.model import build_model
from trainer.training.recipe import Recipe


def recognizer(name, **options):
    torch.manual_seed(0)
    model = build_model(Recipe(architecture=name, options=options)).eval()
    card = type("Card", (), {"temperature": 1.0, "rejection_threshold": 0.0, "numbers": None})()
    return model, Recognizer(Bundle(Path(), card, to_onnx(model)))


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_the_exported_stages_are_those_of_torch(name, seven):
    model, asked = recognizer(name)
    pixels = preprocess(seven).pixels[None]
    exported = asked.stages(pixels)
    ours = activations(model, scale_pixels(torch.from_numpy(pixels[:, None])))
    assert list(exported) == list(ours)
    assert exported
    for stage, values in ours.items():
        assert np.abs(exported[stage] - values.numpy()).max() < 1e-4


def test_the_stage_of_a_recurrent_network_is_its_state_after_each_row(seven):
    _, asked = recognizer("rnn", hidden=8, bidirectional=True)
    pixels = preprocess(seven).pixels
    (states,) = asked.stages(pixels[None]).values()
    assert states.shape == (1, 28, 16)
    cut = pixels.copy()
    cut[20:] = 0
    (after_cut,) = asked.stages(cut[None]).values()
    same = np.abs(states - after_cut).max(axis=2)[0] < 1e-5
    forwards = np.abs(states - after_cut)[0, :20, :8].max()
    assert forwards < 1e-5  # forwards, a row does not depend on those below it
    assert not same.all()


def test_covering_the_ink_that_matters_lowers_the_probability():
    """A model that answers 3 wherever there is ink in one corner."""

    class Corner(torch.nn.Module):
        def forward(self, x):
            ink = x[:, 0, :8, :8].sum(dim=(1, 2)) / 10
            return torch.nn.functional.one_hot(torch.tensor(3), 10).float() * ink[:, None]

    card = type("Card", (), {"temperature": 1.0, "rejection_threshold": 0.0, "numbers": None})()
    asked = Recognizer(Bundle(Path(), card, to_onnx(Corner())))
    pixels = np.zeros((28, 28), np.uint8)
    pixels[2:6, 2:6] = 255
    pixels[18:22, 18:22] = 255
    falls = occlusion_map(asked, pixels)
    assert falls[3:5, 3:5].min() > 0.1
    assert np.abs(falls[14:26, 14:26]).max() < 1e-6
    assert falls[27, 0] == 0


def test_summary_shows_each_layers_parameters_and_shape(tmp_path):
    result = trainer("summary", "lenet5", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    lines = {" ".join(line.split()) for line in result.stdout.splitlines()}
    assert "Conv2d 16×10×10 2,416 weight 16×6×5×5, bias 16" in lines
    assert any(line.startswith("61,706 parameters") for line in lines)


def test_models_lists_every_architecture_with_its_bundles_metrics(tmp_path):
    listed = trainer("models", cwd=tmp_path)
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == list(ARCHITECTURES)
    rows = json.loads(trainer("models", "--json", cwd=tmp_path).stdout)
    ours = next(row for row in rows if row["name"] == "inkling")
    assert ours["mnist_test"] > 0.99
    assert ours["forward_ms"] > 0


def test_explain_writes_a_picture_of_each_stage_and_of_the_ink_that_mattered(tmp_path, seven):
    Image.fromarray(seven).save(tmp_path / "seven.png")
    result = trainer("explain", "inkling", "seven.png", "--output", "out", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("seven.png: 7, ")
    written = result.stdout.splitlines()[1:]
    assert "out/occlusion.png" in written
    for name in written:
        assert Image.open(tmp_path / name).width > 100


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["explain", "nowhere", "seven.png"], "nowhere"),
        (["explain", "inkling", "nowhere.png"], "nowhere.png"),
        (["summary", "lenet"], "did you mean 'lenet5'?"),
    ],
)
def test_a_missing_bundle_picture_or_architecture_is_reported(tmp_path, arguments, reason):
    result = trainer(*arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert reason in result.stderr
