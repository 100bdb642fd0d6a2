"""From a run to a bundle."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnx.numpy_helper
import torch
from torch import nn

from trainer.data.datasets import DATA_SETS
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.evaluation.calibration import fit_temperature, rejection_threshold
from trainer.evaluation.metrics import all_logits, measure
from trainer.models.activations import WithStages
from trainer.recognition import preprocess
from trainer.recognition.bundle import Bundle, Card, Epoch, Evaluation, Rejection, write_bundle
from trainer.recognition.prediction import DIGITS, softmax
from trainer.recognition.recognizer import Recognizer
from trainer.training.loop import predict_logits
from trainer.training.run import Run, weights_of
from trainer.training.training_data import load_validation

_LARGE = 1_000  # numbers in a tensor; for fewer a cast is not worth its node

LARGEST_DIFFERENCE = 1e-4
"""In any probability, between torch and ONNX Runtime: more than this and there is no bundle."""


def export(run: Run, folder: Path, which: str = "best") -> Bundle:
    """Write the bundle of a run's best (or last) epoch, calibrated, checked and measured.

    The temperature and the rejection threshold come from the validation part of the run's
    validation data, and the test parts are looked at here, once, when nothing is left to choose.
    Raises `TrainerError` where ONNX Runtime and torch do not agree.
    """
    plan = run.plan()
    model = run.model(which)
    if plan.recipe.half:
        round_to_half(model)
    graph = to_onnx(model)
    sources = [Source.parse(text) for text in plan.validation]
    validation = load_validation(sources)
    unmeasured = Card(
        architecture=plan.recipe.architecture,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        labels=[str(digit) for digit in range(DIGITS)],
        preprocessing=preprocess.VERSION,
        temperature=1.0,
        rejection_threshold=0.0,
        command=plan.command,
        seed=plan.recipe.seed,
        recipe=msgspec.to_builtins(plan.recipe),
        data=plan.data,
        attribution=list(
            dict.fromkeys(
                DATA_SETS[Source.parse(part.source).name].attribution for part in plan.data
            )
        ),
        calibrated_on=", ".join(f"{source} {Split.VALIDATION}" for source in sources),
        history=[msgspec.convert(each, Epoch, from_attributes=True) for each in run.metrics()],
        evaluations=[],
        rejections=[],
        onnx_difference=0.0,
        code_version=_code_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256={},
    )
    recognizer = Recognizer(Bundle(folder, unmeasured, graph))
    logits = all_logits(recognizer, validation.pixels)
    difference = _difference(logits, predict_logits(model, validation, torch.device("cpu")))
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainerError(
            f"ONNX Runtime and torch differ by {difference:.1e} in a probability "
            f"(at most {LARGEST_DIFFERENCE:.0e}); no bundle was written"
        )
    temperature = fit_temperature(logits, validation.labels)
    card = msgspec.structs.replace(
        unmeasured,
        temperature=temperature,
        rejection_threshold=rejection_threshold(logits),
        onnx_difference=difference,
    )
    recognizer.card = card
    named = [Source.parse(text) for text in [*(part.source for part in plan.data), *plan.test]]
    tested = dict.fromkeys([source.whole for source in named] + sources)
    tests = {source: source.load(Split.TEST) for source in tested}
    measured = [
        measure(recognizer, samples, source.title, Split.TEST)
        for source, samples in tests.items()
        if len(samples)  # of people's corrections there may be none to test by
    ]
    card = msgspec.structs.replace(
        card,
        evaluations=[each for each in measured if isinstance(each, Evaluation)],
        rejections=[each for each in measured if isinstance(each, Rejection)],
    )
    return write_bundle(folder, card, graph, weights_of(model, plan.recipe.half))


def to_onnx(model: nn.Module) -> bytes:
    """Convert a model for any batch size: `pictures` float32 [n, 1, 28, 28] → `logits` [n, 10].

    What each of its stages gives is an output too, by the stage's name.
    """
    side = preprocess.SIDE
    watched = WithStages(model.cpu()).eval()
    pictures = torch.zeros(2, 1, side, side)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            watched,
            (pictures,),
            path,
            input_names=["pictures"],
            output_names=["logits", *watched.names],
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
            external_data=False,
            dynamo=True,
        )
        exported = onnx.load(path)
    for part in (exported, exported.graph, *exported.graph.node, *exported.graph.value_info):
        del part.metadata_props[:]  # file names and stack traces of the machine that exported
        part.doc_string = ""
    _store_in_half(exported)
    return exported.SerializeToString(deterministic=True)


def round_to_half(model: nn.Module) -> None:
    """Round every weight of a model to the nearest number of half precision, in place."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half())


def _store_in_half(model: onnx.ModelProto) -> None:
    """Keep large weights that half precision holds exactly as such, to be cast when loaded."""
    for weights in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        half = values.astype(np.float16)
        if not (half == values).all():
            continue
        name = weights.name
        weights.CopyFrom(onnx.numpy_helper.from_array(half, f"{name} in half"))
        cast = onnx.helper.make_node("Cast", [weights.name], [name], to=onnx.TensorProto.FLOAT)
        model.graph.node.insert(0, cast)


def _difference(onnx_logits: np.ndarray, torch_logits: torch.Tensor) -> float:
    ours = softmax(torch_logits.numpy().astype(np.float64))
    return float(np.abs(softmax(onnx_logits) - ours).max())


def _code_version() -> str:
    try:
        return version("inkling")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells of its own progress and of its plans; neither is for our user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
