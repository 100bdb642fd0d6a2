"""Exports a training run as a bundle: ONNX graph, weights, calibration and evaluations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn

from trainer.data.datasets import DATA_SETS
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.evaluation.calibration import fit_temperature, rejection_threshold
from trainer.evaluation.metrics import all_logits, measure
from trainer.onnx_graph import to_onnx
from trainer.recognition import __version__, preprocess
from trainer.recognition.bundle import Bundle, Card, Epoch, Evaluation, Rejection, write_bundle
from trainer.recognition.labels import DIGITS
from trainer.recognition.prediction import softmax
from trainer.recognition.recognizer import Recognizer
from trainer.training.run import TrainingRun, WhichEpoch, weights_of
from trainer.training.training_data import load_validation
from trainer.training.validation import predict_logits

LARGEST_DIFFERENCE = 1e-4
"""Largest difference between torch and ONNX Runtime in any probability; above this, no bundle is
written."""


def export(run: TrainingRun, folder: Path, which: WhichEpoch = "best") -> Bundle:
    """Write the bundle of a run's best or last epoch, calibrated, checked and evaluated.

    The temperature and the rejection threshold are fitted on the validation splits of the run's
    validation data. Test splits are used only here, after every choice has been made. Raises
    `TrainerError` if ONNX Runtime and torch disagree.
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
        code_version=__version__,
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
        if len(samples)  # corrections may have no test split yet
    ]
    card = msgspec.structs.replace(
        card,
        evaluations=[each for each in measured if isinstance(each, Evaluation)],
        rejections=[each for each in measured if isinstance(each, Rejection)],
    )
    return write_bundle(folder, card, graph, weights_of(model, plan.recipe.half))


def round_to_half(model: nn.Module) -> None:
    """Round every parameter of a model to half precision, in place; its dtype stays float32."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half())


def _difference(onnx_logits: np.ndarray, torch_logits: torch.Tensor) -> float:
    """The largest difference in any probability."""
    expected = softmax(torch_logits.numpy().astype(np.float64))
    return float(np.abs(softmax(onnx_logits) - expected).max())
