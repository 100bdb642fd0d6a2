"""Exports models as ONNX graphs, from uint8 pixels to logits."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from onnx import TensorProto, helper
from torch import nn

from trainer.models.activations import WithStages
from trainer.recognition import preprocess
from trainer.recognition.segmentation.row_reader import HEIGHT

_LARGE = 1_000  # elements of a tensor; for smaller ones a Cast is not worth its node
_LARGEST_PIXEL = 255.0


def to_onnx(model: nn.Module) -> bytes:
    """Export a model for any batch size.

    Input `pictures`, uint8 [n, 1, 28, 28]; output `logits`, float32 [n, 10 or 11], followed by one
    output per stage, named after it.
    """
    side = preprocess.SIDE
    with_stages = WithStages(model.cpu()).eval()
    pictures = torch.zeros(2, 1, side, side)
    names = ["logits", *with_stages.names]
    exported = _exported(with_stages, pictures, "pictures", names, free_axis=0)
    _store_in_half(exported)
    prepend_scaling(exported)
    return exported.SerializeToString(deterministic=True)


def rows_to_onnx(model: nn.Module) -> bytes:
    """Export a row reader for any width.

    Input `row`, uint8 [1, 1, HEIGHT, width]; output `logits`, float32 [1, 11, columns].
    """
    row = torch.zeros(1, 1, HEIGHT, 80)
    exported = _exported(model.cpu().eval(), row, "row", ["logits"], free_axis=3)
    prepend_scaling(exported)
    return exported.SerializeToString(deterministic=True)


def _exported(
    model: nn.Module, example: torch.Tensor, name: str, outputs: list[str], free_axis: int
) -> onnx.ModelProto:
    """Export a model whose input may have any length along one axis."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            model,
            (example,),
            path,
            input_names=[name],
            output_names=outputs,
            dynamic_shapes=({free_axis: torch.export.Dim.DYNAMIC},),
            external_data=False,
            dynamo=True,
        )
        exported = onnx.load(path)
    for part in (exported, exported.graph, *exported.graph.node, *exported.graph.value_info):
        del part.metadata_props[:]  # file names and stack traces of the machine that exported
        part.doc_string = ""
    return exported


def takes_pixels(model: onnx.ModelProto) -> bool:
    """Whether the graph takes uint8 pixels rather than floats that the caller has scaled."""
    return bool(model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8)


def prepend_scaling(model: onnx.ModelProto) -> None:
    """Make a graph that takes float32 in 0..1 take uint8 pixels instead, in place.

    The cast and the division are those of `trainer.models.pixels.scale_pixels`.
    """
    graph = model.graph
    (pixels,) = graph.input
    scaled = f"{pixels.name}_scaled"
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == pixels.name:
                node.input[index] = scaled
    pixels.type.tensor_type.elem_type = TensorProto.UINT8
    largest = np.array(_LARGEST_PIXEL, np.float32)
    graph.initializer.append(onnx.numpy_helper.from_array(largest, "largest_pixel"))
    as_float = f"{pixels.name}_float"
    graph.node.insert(0, helper.make_node("Cast", [pixels.name], [as_float], to=TensorProto.FLOAT))
    graph.node.insert(1, helper.make_node("Div", [as_float, "largest_pixel"], [scaled]))


def _store_in_half(model: onnx.ModelProto) -> None:
    """Store large weights as float16 where that is exact, with a Cast to float32."""
    for weights in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        half = values.astype(np.float16)
        if not (half == values).all():
            continue
        name = weights.name
        weights.CopyFrom(onnx.numpy_helper.from_array(half, f"{name} in half"))
        model.graph.node.insert(
            0, helper.make_node("Cast", [weights.name], [name], to=TensorProto.FLOAT)
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's own progress and deprecation messages."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
