"""Exports the row reader: its graph in int8, with how it was trained in the graph's metadata."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from torch import nn

from trainer.data.rows import Rows
from trainer.onnx_graph import rows_to_onnx
from trainer.quantization import quantize

LARGEST_LOSS = 0.003
"""Largest share of the validation rows that int8 may cost; above this, no file is written."""

_RANGE_ROWS = 300
"""Training rows from which int8 takes the ranges of activations."""


def export_rows(model: nn.Module, train: Rows, metadata: Mapping[str, str]) -> bytes:
    """The graph of a row reader in int8, as `RowReader` takes it."""
    some = [image[None, None] for image in train.images[:_RANGE_ROWS]]
    graph = onnx.load_from_string(quantize(rows_to_onnx(model), some))
    onnx.helper.set_model_props(graph, dict(metadata))
    return graph.SerializeToString(deterministic=True)
