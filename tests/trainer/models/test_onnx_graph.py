"""Exported graphs scale their input; bundles of earlier releases are upgraded."""

import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from tests.trainer.conftest import trainer
from trainer.errors import TrainerError
from trainer.models.pixels import scale_pixels
from trainer.onnx_graph import takes_pixels, to_onnx
from trainer.recognition.bundle import PRETRAINED, read_bundle, write_bundle
from trainer.recognition.recognizer import Recognizer
from trainer.training.model import build_model
from trainer.training.recipe import Recipe
from trainer.upgrade import upgrade

ALL_PIXELS = np.arange(28 * 28, dtype=np.uint16).reshape(1, 28, 28).astype(np.uint8)


def without_scaling(model: bytes) -> bytes:
    """The graph as earlier releases exported it: it takes float32 in 0..1."""
    graph = onnx.load_from_string(model)
    scaling = [node for node in graph.graph.node if node.op_type == "Div"][:1]
    (scaled,) = scaling[0].output
    scaling += [node for node in graph.graph.node if node.output[0] == scaling[0].input[0]]
    for node in scaling:
        graph.graph.node.remove(node)
    for node in graph.graph.node:
        for index, name in enumerate(node.input):
            if name == scaled:
                node.input[index] = "pictures"
    graph.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    return graph.SerializeToString()


@pytest.fixture
def old_bundle(tmp_path):
    """The shipped LeNet-5 as an earlier release exported it."""
    folder = shutil.copytree(PRETRAINED / "lenet5", tmp_path / "old")
    shipped = read_bundle(folder)
    weights = (folder / "weights.safetensors").read_bytes()
    return write_bundle(folder, shipped.card, without_scaling(shipped.model), weights)


def test_an_exported_graph_takes_pixels_and_agrees_with_torch():
    torch.manual_seed(0)
    model = build_model(Recipe(architecture="lenet5")).eval()
    graph = to_onnx(model)
    assert takes_pixels(onnx.load_from_string(graph))
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    batch = ALL_PIXELS[:, None]
    session = onnxruntime.InferenceSession(graph)
    logits = session.run(["logits"], {"pictures": batch})[0]
    with torch.inference_mode():
        expected = model(scale_pixels(torch.from_numpy(batch))).numpy()
    assert np.abs(logits - expected).max() < 1e-5


def test_a_bundle_that_takes_scaled_floats_still_works(old_bundle):
    assert not takes_pixels(onnx.load_from_string(old_bundle.model))
    old, new = Recognizer(old_bundle), Recognizer(read_bundle(PRETRAINED / "lenet5"))
    assert np.abs(old.logits(ALL_PIXELS) - new.logits(ALL_PIXELS)).max() < 1e-5
    for name, stage in new.stages(ALL_PIXELS).items():
        assert np.abs(old.stages(ALL_PIXELS)[name] - stage).max() < 1e-5


def test_upgrading_changes_the_graph_and_its_hash_alone(old_bundle, tmp_path):
    result = trainer("upgrade", old_bundle.folder, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    new = read_bundle(old_bundle.folder)
    old_version, new_version = old_bundle.card.version, new.card.version
    assert result.stdout == f"{new.folder}: version {old_version} → {new_version}\n"
    assert takes_pixels(onnx.load_from_string(new.model))
    pixels = np.random.default_rng(1).integers(256, size=(8, 28, 28), dtype=np.uint8)
    before, after = (Recognizer(each).logits(pixels) for each in (old_bundle, new))
    assert np.abs(before - after).max() < 1e-5
    card = json.loads((new.folder / "card.json").read_text())
    old_hashes = old_bundle.card.sha256
    assert card["sha256"]["weights.safetensors"] == old_hashes["weights.safetensors"]
    assert new.card.created == old_bundle.card.created
    again = trainer("upgrade", old_bundle.folder, cwd=tmp_path)
    assert again.stdout == f"{new.folder}: up to date (version {new_version})\n"


def test_upgrading_to_another_folder_leaves_the_bundle(old_bundle, tmp_path):
    result = trainer("upgrade", old_bundle.folder, "--output", tmp_path / "new", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert read_bundle(old_bundle.folder).card == old_bundle.card
    assert takes_pixels(onnx.load_from_string(read_bundle(tmp_path / "new").model))


def test_a_bundle_is_not_upgraded_if_probabilities_would_change(old_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.onnx_graph._LARGEST_PIXEL", 128.0)
    with pytest.raises(TrainerError, match="a probability would change"):
        upgrade(old_bundle, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("folder", sorted(PRETRAINED.iterdir()), ids=lambda folder: folder.name)
def test_every_shipped_bundle_takes_pixels(folder):
    assert takes_pixels(onnx.load_from_string(read_bundle(folder).model))
