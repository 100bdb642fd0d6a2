"""Exports a training run as a bundle: ONNX graph, weights, calibration and evaluations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import nn

from trainer.data.datasets import DATA_SETS
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.evaluation.calibration import (
    fit_temperature,
    rejected_unseen,
    rejection_threshold,
)
from trainer.evaluation.metrics import all_logits, measure
from trainer.evaluation.number_calibration import fit_numbers
from trainer.onnx_graph import to_onnx
from trainer.paths import data_folder
from trainer.quantization import batches_of, quantize
from trainer.recognition import __version__, preprocess
from trainer.recognition.array_types import Floats, Labels, Pixels
from trainer.recognition.bundle import (
    Bundle,
    Card,
    Epoch,
    Evaluation,
    NumberCalibration,
    Rejection,
    read_weights,
    write_bundle,
)
from trainer.recognition.labels import DIGITS
from trainer.recognition.prediction import softmax
from trainer.recognition.recognizer import Recognizer
from trainer.training.run import TrainingRun, WhichEpoch, weights_of
from trainer.training.training_data import load_validation_parts
from trainer.training.validation import predict_logits

LARGEST_DIFFERENCE = 1e-4
"""Largest difference between torch and ONNX Runtime in any probability; above this, no bundle is
written."""

LARGEST_LOSS = 0.001
"""Largest share of the validation digits that int8 may cost; above this, no bundle is written."""

_RANGE_IMAGES = 300
"""Images of each data set from which int8 takes the ranges of activations."""

_CHECKED = 2_000
"""Validation images on which ONNX Runtime has to agree with torch, at most."""

_NUMBERS, _FEW_NUMBERS = 600, 100
"""Numbers of each kind to which their confidence is fitted, with tests and without; half as many
others measure it."""


def export(
    run: TrainingRun, folder: Path, which: WhichEpoch = "best", *, tests: bool = True
) -> Bundle:
    """Write the bundle of a run's best or last epoch, calibrated, checked and evaluated.

    Temperature, rejection threshold and the confidence of numbers are fitted on the validation
    splits of the run's validation data. Test splits are used only here, after every choice has been
    made; without `tests` they are not, the card has no evaluations, fewer numbers are read, and the
    confidence of numbers stays that of the bundle that the run started from, if it had one.
    Raises `TrainerError` if ONNX Runtime and torch disagree.
    """
    plan = run.plan()
    model = run.model(which)
    if plan.recipe.half:
        round_to_half(model)
    graph = to_onnx(model)
    sources = [Source.parse(text) for text in plan.validation]
    parts = load_validation_parts(sources)
    validation = Samples.join(parts.values())
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
        exported_epoch=run.epoch(which),
        evaluations=[],
        rejections=[],
        onnx_difference=0.0,
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256={},
    )
    logits = all_logits(Recognizer(Bundle(folder, unmeasured, graph)), validation.pixels)
    some = validation.where(slice(_CHECKED))
    expected = predict_logits(model, some, torch.device("cpu"))
    difference = _difference(logits[: len(some)], expected)
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainerError(
            f"ONNX Runtime and torch differ by {difference:.1e} in a probability "
            f"(at most {LARGEST_DIFFERENCE:.0e}); no bundle was written"
        )
    bundle = Bundle(folder, msgspec.structs.replace(unmeasured, onnx_difference=difference), graph)
    trained_on = [Source.parse(part.source) for part in plan.data]
    if plan.recipe.int8:
        bundle, logits = _in_int8(bundle, logits, trained_on, validation)
    named = [*trained_on, *(Source.parse(text) for text in plan.test)]
    tested = dict.fromkeys([source.whole for source in named] + sources) if tests else {}
    weights = weights_of(model, plan.recipe.half)
    numbers, known = (_NUMBERS, None) if tests else (_FEW_NUMBERS, plan.numbers)
    return _write_measured(bundle, weights, logits, parts, tested, numbers, known)


def quantize_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """Write a bundle in int8, calibrated and evaluated anew on the data sets in its card.

    The weights stay as they are, so that trainings can continue from them. Raises `TrainerError`
    if the graph is in int8 already, a data set is missing or int8 costs accuracy, and `BundleError`
    as reading does.
    """
    card = bundle.card
    if card.int8_loss is not None:
        raise TrainerError(f"{bundle.folder} is in int8 already")
    parts = load_validation_parts(_calibrated_on(card))
    validation = Samples.join(parts.values())
    weights = read_weights(bundle)
    trained_on = [Source.parse(part.source) for part in card.data]
    whole = all_logits(Recognizer(bundle), validation.pixels)
    quantized, logits = _in_int8(replace(bundle, folder=folder), whole, trained_on, validation)
    names = [each.data for each in card.evaluations] + [each.data for each in card.rejections]
    tested = map(Source.parse, names)
    return _write_measured(quantized, weights, logits, parts, tested, _NUMBERS)


def _in_int8(
    bundle: Bundle, whole: Floats, trained_on: Iterable[Source], validation: Samples
) -> tuple[Bundle, Floats]:
    """A bundle with its graph in int8, and what that costs in its card; and its logits.

    `whole` are the logits of the graph of floats, on the validation samples as those returned.
    """
    images = _images_of(trained_on, bundle.card.seed)
    graph = quantize(bundle.model, batches_of(images))
    quantized = all_logits(Recognizer(replace(bundle, model=graph)), validation.pixels)
    loss = _accuracy(whole, validation.labels) - _accuracy(quantized, validation.labels)
    if not loss <= LARGEST_LOSS:
        raise TrainerError(
            f"in int8, {loss:.2%} of the validation digits are lost (at most {LARGEST_LOSS:.1%}); "
            "no bundle was written"
        )
    recipe = bundle.card.recipe | {"int8": True}
    card = msgspec.structs.replace(bundle.card, recipe=recipe, int8_loss=loss)
    return replace(bundle, card=card, model=graph), quantized


def _images_of(sources: Iterable[Source], seed: int) -> Pixels:
    """Some images that a model was trained on, of each data set: uint8 [n, 28, 28]."""
    few = {replace(source, size=_RANGE_IMAGES) for source in sources}
    return np.concatenate(
        [source.load(Split.TRAIN, seed).pixels[:_RANGE_IMAGES] for source in sorted(few, key=str)]
    )


def _write_measured(
    bundle: Bundle,
    weights: bytes,
    logits: Floats,
    validation: Mapping[str, Samples],
    tested: Iterable[Source],
    numbers: int,
    known: NumberCalibration | None = None,
) -> Bundle:
    """Calibrate a model by its validation logits, evaluate it on test splits, write its bundle.

    `numbers` of each kind are read to fit their confidence, or to measure how well what is `known`
    of an earlier model fits this one.
    """
    labels = np.concatenate([part.labels for part in validation.values()])
    ends = np.cumsum([len(part) for part in validation.values()])
    of_each = np.split(logits, ends[:-1])
    unseen = rejected_unseen(*of_each) if len(of_each) > 1 else []
    card = msgspec.structs.replace(
        bundle.card,
        temperature=fit_temperature(logits, labels),
        rejection_threshold=rejection_threshold(*of_each),
        rejected_unseen=dict(zip(validation, unseen, strict=False)),
        numbers=None,  # another graph's
    )
    fitted = fit_numbers(Recognizer(replace(bundle, card=card)), data_folder(), numbers, known)
    card = msgspec.structs.replace(card, numbers=fitted)
    recognizer = Recognizer(replace(bundle, card=card))
    tests = {source: source.load(Split.TEST) for source in tested}
    titles = Counter(source.title for source in tests)
    measured = [
        measure(
            recognizer,
            samples,
            source.title if titles[source.title] == 1 else str(source),
            Split.TEST,
        )
        for source, samples in tests.items()
        if len(samples)  # corrections have no test split
    ]
    card = msgspec.structs.replace(
        card,
        evaluations=[each for each in measured if isinstance(each, Evaluation)],
        rejections=[each for each in measured if isinstance(each, Rejection)],
    )
    return write_bundle(bundle.folder, card, bundle.model, weights)


def _calibrated_on(card: Card) -> list[Source]:
    """The data sets on whose validation splits a model is calibrated."""
    names = card.calibrated_on.split(", ")
    return [Source.parse(name.removesuffix(f" {Split.VALIDATION}")) for name in names]


def round_to_half(model: nn.Module) -> None:
    """Round every parameter of a model to half precision, in place; its dtype stays float32."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half())


def _difference(onnx_logits: Floats, torch_logits: torch.Tensor) -> float:
    """The largest difference in any probability."""
    expected = softmax(torch_logits.numpy().astype(np.float64))
    return float(np.abs(softmax(onnx_logits) - expected).max())


def _accuracy(logits: Floats, labels: Labels) -> float:
    return float((logits[:, :DIGITS].argmax(axis=1) == labels).mean())
