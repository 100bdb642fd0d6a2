"""Figures of data, of a training and of its answers. Each function gives a matplotlib figure."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from trainer.bundle import ReliabilityBin
from trainer.data import NOT_A_DIGIT
from trainer.preprocess import Pixels
from trainer.training import EpochResult

INK, ACCENT, FAINT = "#1d1b18", "#a6401f", "#a39c8e"
_COLUMNS = 10


def png(figure: Figure) -> bytes:
    """A figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, dpi=120, bbox_inches="tight", metadata={"Software": None})
    return file.getvalue()


def word(label: int) -> str:
    """A label as people write it."""
    return "none" if label == NOT_A_DIGIT else str(label)


def pictures(pixels: Pixels, titles: Sequence[str], columns: int = _COLUMNS) -> Figure:
    """Pictures uint8 [n, 28, 28], each with a title above it."""
    rows = max(1, -(-len(pixels) // columns))
    figure = Figure(figsize=(columns, 1.25 * rows), layout="constrained")
    for number, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
        axes.axis("off")
        if number < len(pixels):
            axes.imshow(pixels[number], cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(titles[number], fontsize=10, color=INK)
    return figure


def curves(metrics: Sequence[EpochResult], test_accuracy: float | None) -> Figure:
    """Loss and accuracy by epoch, of training and validation; and, once, of the test set.

    The point of the test set stands at the epoch that was kept.
    """
    epochs = [each.epoch for each in metrics]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        train = [getattr(each, name) for each in metrics]
        validation = [getattr(each, f"validation_{name}") for each in metrics]
        axes.plot(epochs, train, color=FAINT, marker=".", label="training")
        axes.plot(epochs, validation, color=INK, marker=".", label="validation")
        axes.set(xlabel="epoch", title=name, xlim=(0.5, max(epochs) + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if test_accuracy is not None:
        kept = max(each.epoch for each in metrics if each.best)
        accuracy.plot([kept], [test_accuracy], "o", color=ACCENT, label="test, of the epoch kept")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1))
    for axes in (loss, accuracy):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def confusion_matrix(matrix: Sequence[Sequence[int]]) -> Figure:
    """Counts by truth (rows) and answer (columns); colour shows the errors alone."""
    counts = np.asarray(matrix)
    errors = counts - np.diag(np.diag(counts))
    figure = Figure(figsize=(5.2, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(errors, cmap="Oranges", vmin=0, vmax=max(1, errors.max()))
    for (row, column), count in np.ndenumerate(counts):
        weight = "bold" if row == column else "normal"
        axes.text(column, row, str(count or "·"), ha="center", va="center", weight=weight, size=8)
    axes.set(xlabel="answer", ylabel="truth", xticks=range(10), yticks=range(10))
    return figure


def reliability_diagram(bins: Sequence[ReliabilityBin]) -> Figure:
    """How often answers of a confidence were right; on the diagonal they are as sure as right."""
    figure = Figure(figsize=(4.2, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=FAINT)
    sizes = [8 + 12 * np.log10(each.pictures) for each in bins]
    confidence = [each.confidence for each in bins]
    axes.scatter(confidence, [each.accuracy for each in bins], s=sizes, color=ACCENT)
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def filters(weights: NDArray[np.float32]) -> Figure:
    """Filters of a first layer, float32 [n, height, width]: blue takes ink away, red wants it."""
    columns = min(16, len(weights))
    rows = -(-len(weights) // columns)
    figure = Figure(figsize=(0.6 * columns, 0.6 * rows), layout="constrained")
    strongest = float(np.abs(weights).max())
    for number, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
        axes.axis("off")
        if number < len(weights):
            axes.imshow(weights[number], cmap="RdBu_r", vmin=-strongest, vmax=strongest)
    return figure


def stage(activation: NDArray[np.float32], title: str) -> Figure:
    """What a stage gave for one picture.

    Maps, float32 [maps, height, width], side by side; a recurrent state after each row, float32
    [rows, units], from top to bottom; or units, float32 [units], in one strip.
    """
    if activation.ndim == 3:
        columns = min(16, len(activation))
        rows = -(-len(activation) // columns)
        figure = Figure(figsize=(0.7 * columns, 0.7 * rows + 0.4), layout="constrained")
        for number, axes in enumerate(np.ravel(figure.subplots(rows, columns, squeeze=False))):
            axes.axis("off")
            if number < len(activation):
                axes.imshow(activation[number], cmap="magma")
    else:
        table = np.atleast_2d(activation)
        figure = Figure(figsize=(9, 1.2 if len(table) == 1 else 4), layout="constrained")
        axes = figure.subplots()
        axes.imshow(table, cmap="magma", aspect="auto", interpolation="nearest")
        axes.set(xlabel="unit", yticks=[] if len(table) == 1 else range(0, len(table), 4))
        if len(table) > 1:
            axes.set_ylabel("row of the picture")
    figure.suptitle(title)
    return figure


def occlusion(pixels: Pixels, falls: NDArray[np.float64], title: str) -> Figure:
    """Ink, uint8 [28, 28], and over it in red what spoke for the answer, in blue what against."""
    strongest = max(float(np.abs(falls).max()), 1e-9)
    figure = Figure(figsize=(4.6, 4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(pixels, cmap="gray_r", vmin=0, vmax=255)
    shown = axes.imshow(falls, cmap="RdBu_r", vmin=-strongest, vmax=strongest, alpha=0.65)
    bar = figure.colorbar(shown, format=PercentFormatter(1))
    bar.set_label("fall of its probability when covered")
    axes.axis("off")
    axes.set_title(title)
    return figure
