"""The report of a training run: figures, and a self-contained page with them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load

from trainer.atomic import write_file
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.evaluation.metrics import all_logits, surest_errors, wrong_answers
from trainer.recognition.bundle import Bundle, Card, Evaluation, WrongAnswer
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.prediction import digit_probabilities
from trainer.recognition.recognizer import Recognizer
from trainer.report import figures
from trainer.report.pages import render
from trainer.training.run import TrainingRun

_GRID = 60  # images in a grid


def write_report(run: TrainingRun, bundle: Bundle) -> Path:
    """Write report.html and report/*.png to a run's folder, and return the path of the page.

    They show the run's metrics, and the bundle's predictions on the test split of the first
    validation data set that has digits there.
    """
    plan, metrics, card = run.plan(), run.metrics(), bundle.card
    measured, samples = _first_measured(plan.validation, card)
    accuracy = measured.accuracy if measured else None
    shown = {"curves": figures.curves(metrics, card.exported_epoch, accuracy)}
    wrong: list[WrongAnswer] = []
    if measured and samples:
        wrong = _add_predictions(shown, bundle, measured, samples)
    first_layer = _first_layer((bundle.folder / "weights.safetensors").read_bytes())
    if first_layer is not None:
        shown["filters"] = figures.filters(first_layer)
    images = {name: figures.png(figure) for name, figure in shown.items()}
    for name, image in images.items():
        write_file(run.folder / "report" / f"{name}.png", image)
    html = render(
        "report.html",
        name=run.folder.name,
        plan=msgspec.to_builtins(plan),
        card=card,
        measured=measured,
        metrics=metrics,
        images={name: base64.b64encode(image).decode() for name, image in images.items()},
        wrong=wrong,
    )
    write_file(run.folder / "report.html", html)
    return run.folder / "report.html"


def _first_measured(
    validation: Sequence[str], card: Card
) -> tuple[Evaluation, Samples] | tuple[None, None]:
    """The first of these data sets with digits to test on: its metrics in the card, and samples.

    The hash of the samples finds the metrics: a title may stand for several folders.
    """
    for name in validation:
        samples = Source.parse(name).load(Split.TEST)
        sha256 = samples.sha256()
        for each in card.evaluations:
            if each.sha256 == sha256 and each.split == Split.TEST:
                return each, samples
    return None, None


def _add_predictions(
    shown: dict[str, Figure], bundle: Bundle, measured: Evaluation, samples: Samples
) -> list[WrongAnswer]:
    """Add the figures of a bundle's predictions for the digits; return all that are wrong."""
    digits = samples.where(samples.labels != NOT_A_DIGIT)
    logits = all_logits(Recognizer(bundle), digits.pixels)
    probabilities = digit_probabilities(logits, bundle.card.temperature)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    some = np.sort(np.random.default_rng(0).permutation(len(digits))[:_GRID])
    worst = surest_errors(probabilities, digits.labels, digits.has_ink)[:_GRID]

    def title(index: int) -> str:
        return f"{digits.labels[index]} → {answers[index]} {confidence[index]:.0%}"

    shown |= {
        "samples": figures.pictures(digits.pixels[some], [str(digits.labels[i]) for i in some]),
        "predictions": figures.pictures(digits.pixels[some], [title(int(i)) for i in some]),
        "confusion": figures.confusion_matrix(measured.confusion),
        "reliability": figures.reliability_diagram(measured.reliability),
    }
    if len(worst):
        shown["wrong"] = figures.pictures(digits.pixels[worst], [title(int(i)) for i in worst])
    name = f"{measured.data} {measured.split}"
    return wrong_answers(probabilities, digits, name, digits.has_ink)


def _first_layer(weights: bytes) -> np.ndarray | None:
    """The first layer's filters, float32 [n, height, width]; None where they are not spatial."""
    tensors = load(weights)
    first = next(tensors[name] for name in sorted(tensors) if tensors[name].ndim >= 2)
    if first.ndim == 4:
        return np.asarray(first[:, 0], np.float32)
    if first.ndim == 2 and first.shape[1] == 28 * 28:
        return np.asarray(first[:64].reshape(-1, 28, 28), np.float32)
    return None
