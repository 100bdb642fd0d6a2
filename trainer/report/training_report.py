"""The report of a training run: figures, and a self-contained page with them."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import load

from trainer.atomic import write_file
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.evaluation.metrics import all_logits, surest_errors, wrong_answers
from trainer.recognition.bundle import Bundle
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
    validation data set.
    """
    plan = run.plan()
    source = Source.parse(plan.validation[0])
    samples = source.load(Split.TEST)
    digits = samples.where(samples.labels != NOT_A_DIGIT)
    recognizer = Recognizer(bundle)
    probabilities = digit_probabilities(
        all_logits(recognizer, digits.pixels), bundle.card.temperature
    )
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = wrong_answers(probabilities, digits, f"{source} test", digits.has_ink)
    some = np.sort(np.random.default_rng(0).permutation(len(digits))[:_GRID])
    worst = surest_errors(probabilities, digits.labels, digits.has_ink)[:_GRID]

    def title(index: int) -> str:
        return f"{digits.labels[index]} → {answers[index]} {confidence[index]:.0%}"

    measured = next(each for each in bundle.card.evaluations if each.data == str(source))
    metrics = run.metrics()
    shown = {
        "curves": figures.curves(metrics, measured.accuracy),
        "samples": figures.pictures(digits.pixels[some], [str(digits.labels[i]) for i in some]),
        "predictions": figures.pictures(digits.pixels[some], [title(int(i)) for i in some]),
        "wrong": figures.pictures(digits.pixels[worst], [title(int(i)) for i in worst]),
        "confusion": figures.confusion_matrix(measured.confusion),
        "reliability": figures.reliability_diagram(measured.reliability),
    }
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
        card=bundle.card,
        measured=measured,
        metrics=metrics,
        images={name: base64.b64encode(image).decode() for name, image in images.items()},
        wrong=wrong,
    )
    write_file(run.folder / "report.html", html)
    return run.folder / "report.html"


def _first_layer(weights: bytes) -> np.ndarray | None:
    """The first layer's filters, float32 [n, height, width]; None where they are not spatial."""
    tensors = load(weights)
    first = next(tensors[name] for name in sorted(tensors) if tensors[name].ndim >= 2)
    if first.ndim == 4:
        return np.asarray(first[:, 0], np.float32)
    if first.ndim == 2 and first.shape[1] == 28 * 28:
        return np.asarray(first[:64].reshape(-1, 28, 28), np.float32)
    return None
