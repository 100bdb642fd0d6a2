"""Graphs in int8 answer as their floats do, in less memory."""

from dataclasses import replace

import msgspec
import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import pytest

from trainer.errors import TrainerError
from trainer.export import quantize_bundle
from trainer.quantization import batches_of, quantize
from trainer.recognition.bundle import (
    PRETRAINED,
    Bundle,
    NumberCalibration,
    TrainingData,
    read_bundle,
)
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.confidence import NAMES


@pytest.fixture(scope="module")
def pixels():
    """Blots of many sizes and strengths: uint8 [64, 28, 28]."""
    rng = np.random.default_rng(0)
    across = np.abs(np.arange(28)[:, None] - rng.uniform(6, 22, (64, 1, 2)))
    near = across < rng.uniform(3, 9, (64, 1, 2))
    strength = rng.uniform(60, 255, (64, 1, 1))
    return (near[:, :, None, 0] * near[:, None, :, 1] * strength).astype(np.uint8)


FLOATS = [
    each for each in map(read_bundle, sorted(PRETRAINED.iterdir())) if each.card.int8_loss is None
]


@pytest.mark.parametrize("bundle", FLOATS, ids=lambda bundle: bundle.folder.name)
def test_every_architecture_has_the_same_outputs_in_int8(bundle, pixels):
    graph = bundle.model
    whole, quantized = map(
        onnxruntime.InferenceSession, (graph, quantize(graph, batches_of(pixels)))
    )
    names = [output.name for output in whole.get_outputs()]
    assert [output.name for output in quantized.get_outputs()] == names
    expected, given = (
        each.run(names, {"pictures": pixels[:, None]}) for each in (whole, quantized)
    )
    for stage, before, after in zip(names, expected, given, strict=True):
        assert after.shape == before.shape, stage
        assert after.dtype == np.float32, stage
        assert np.abs(after - before).mean() < 0.05 * np.abs(before).max(), stage


def test_int8_takes_a_third_of_the_room_and_reads_the_same(pixels):
    shipped = read_bundle(PRETRAINED / "lenet5")
    graph = quantize(shipped.model, batches_of(pixels))
    assert len(graph) < len(shipped.model) / 3
    whole, quantized = (
        Recognizer(Bundle(shipped.folder, shipped.card, each)) for each in (shipped.model, graph)
    )
    assert np.abs(whole.logits(pixels) - quantized.logits(pixels)).mean() < 0.3


def test_logits_are_not_rounded_to_few_steps(pixels):
    shipped = read_bundle(PRETRAINED / "lenet5")
    quantized = quantize(shipped.model, batches_of(pixels))
    logits = Recognizer(Bundle(shipped.folder, shipped.card, quantized)).logits(pixels)
    assert len(np.unique(logits)) > 500


def test_no_weight_needs_the_eighth_bit(pixels):
    """Products of 8 bits overflow on processors without VNNI."""
    graph = onnx.load_from_string(
        quantize(read_bundle(PRETRAINED / "lenet5").model, batches_of(pixels))
    ).graph
    weights = [onnx.numpy_helper.to_array(each) for each in graph.initializer]
    narrow = [each for each in weights if each.dtype == np.int8 and each.size > 1]
    assert narrow
    assert all(np.abs(each.astype(int)).max() <= 64 for each in narrow)


def test_a_bundle_that_is_in_int8_is_not_quantized_again(tmp_path):
    with pytest.raises(TrainerError, match="in int8 already"):
        quantize_bundle(read_bundle(PRETRAINED / "inkling"), tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("on_strokes", [True, False])
def test_confidence_in_numbers_is_fitted_to_the_new_graph(
    tmp_path, monkeypatch, few_strokes, some_digits, on_strokes
):
    """That of another graph is never kept."""
    monkeypatch.setenv("INKLING_DATA", str(few_strokes))
    monkeypatch.setattr("trainer.export.LARGEST_LOSS", 1.0)
    monkeypatch.setattr("trainer.export._NUMBERS", 2)
    digits, floats = f"folder:{some_digits}", read_bundle(PRETRAINED / "lenet5")
    weights = dict.fromkeys([*NAMES, "bias"], 0.5)
    card = msgspec.structs.replace(
        floats.card,
        numbers=NumberCalibration(weights=weights, command="another graph's", measured=[]),
        calibrated_on=f"{'strokes' if on_strokes else digits} validation",
        data=[TrainingData(source=digits, parts=["train"], pictures=500, sha256="")],
        evaluations=[],
    )
    numbers = quantize_bundle(replace(floats, card=card), tmp_path / "int8").card.numbers
    if on_strokes:
        assert numbers
        assert numbers.weights.keys() == weights.keys()
        assert numbers.weights != weights
    else:
        assert numbers is None
