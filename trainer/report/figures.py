"""Figures of data, training runs and predictions. Each function returns a matplotlib figure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from trainer.recognition.activation_layout import grid, lay_out
from trainer.recognition.array_types import Pixels
from trainer.recognition.bundle import ReliabilityBin
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.training.metrics import EpochResult

INK, ACCENT, FAINT = "#1d1b18", "#a6401f", "#a39c8e"
_COLUMNS = 10
_TITLE, _GAP = 8, 2  # pixels above a picture, and between pictures


def png(figure: Figure) -> bytes:
    """Encode a figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, dpi=120, metadata={"Software": None})
    return file.getvalue()


def word(label: int) -> str:
    """The name of a label, 0..10, in a figure."""
    return "none" if label == NOT_A_DIGIT else str(label)


def pictures(pixels: Pixels, titles: Sequence[str], columns: int = _COLUMNS) -> Figure:
    """A grid of images, uint8 [n, 28, 28], each under its title."""
    count, height, width = pixels.shape
    margin = np.full((count, _TITLE, width), np.nan, np.float32)
    # One image for the whole grid: separate axes take a second per twenty images.
    mosaic = grid(np.concatenate([margin, pixels], axis=1), columns, _GAP)
    figure, axes = _showing(mosaic, tile=1.0, columns=columns, cmap="gray_r", vmin=0, vmax=255)
    for number, title in enumerate(titles):
        row, column = divmod(number, columns)
        x = column * (width + _GAP) + (width - 1) / 2
        y = row * (_TITLE + height + _GAP) + _TITLE - 2
        axes.text(x, y, title, ha="center", va="bottom", size=9, color=INK)
    return figure


def _showing(
    mosaic: NDArray[np.float32], tile: float, columns: int, **colors: Any
) -> tuple[Figure, Axes]:
    """A figure of a mosaic with tiles `tile` inches wide, and its axes."""
    height, width = mosaic.shape
    inches = tile * columns
    figure = Figure(figsize=(inches, inches * height / width), layout="constrained")
    axes = figure.subplots()
    axes.axis("off")
    axes.imshow(mosaic, interpolation="nearest", **colors)
    return figure, axes


def curves(
    metrics: Sequence[EpochResult], exported: int | None, test_accuracy: float | None
) -> Figure:
    """Training loss, validation cross-entropy and accuracies by epoch, in a plot each.

    The losses are different quantities: what is minimized may be another loss, smoothed, or over
    one more class. `test_accuracy`, 0..1, is drawn as one point at the epoch that was exported.
    """
    epochs = [each.epoch for each in metrics]
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    loss, cross_entropy, accuracy = figure.subplots(1, 3)
    training, validation = {"color": FAINT, "marker": "."}, {"color": INK, "marker": "."}
    loss.plot(epochs, [each.loss for each in metrics], **training)
    cross_entropy.plot(epochs, [each.validation_loss for each in metrics], **validation)
    accuracy.plot(epochs, [each.accuracy for each in metrics], label="training", **training)
    validated = [each.validation_accuracy for each in metrics]
    accuracy.plot(epochs, validated, label="validation", **validation)
    titles = ("training loss", "validation cross-entropy", "accuracy")
    for axes, title in zip((loss, cross_entropy, accuracy), titles, strict=True):
        axes.set(xlabel="epoch", title=title, xlim=(0.5, max(epochs) + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        if exported is not None:
            axes.axvline(exported, color=FAINT, linestyle=":", zorder=0)
    if exported is not None and test_accuracy is not None:
        accuracy.plot([exported], [test_accuracy], "o", color=ACCENT, label="test, exported epoch")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1))
    accuracy.legend(frameon=False)
    return figure


def confusion_matrix(matrix: Sequence[Sequence[int]]) -> Figure:
    """A confusion matrix [10, 10]: labels in rows, predictions in columns, errors in color."""
    counts = np.asarray(matrix)
    errors = counts - np.diag(np.diag(counts))
    figure = Figure(figsize=(5.2, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(errors, cmap="Oranges", vmin=0, vmax=max(1, errors.max()))
    for (row, column), count in np.ndenumerate(counts):
        weight = "bold" if row == column else "normal"
        axes.text(column, row, str(count or "·"), ha="center", va="center", weight=weight, size=8)
    axes.set(xlabel="prediction", ylabel="label", xticks=range(10), yticks=range(10))
    return figure


def reliability_diagram(bins: Sequence[ReliabilityBin]) -> Figure:
    """Accuracy by confidence; on the diagonal, confidence equals accuracy."""
    figure = Figure(figsize=(4.2, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=FAINT)
    sizes = [8 + 12 * np.log10(each.pictures) for each in bins]
    confidence = [each.confidence for each in bins]
    axes.scatter(confidence, [each.accuracy for each in bins], s=sizes, color=ACCENT)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def filters(weights: NDArray[np.float32]) -> Figure:
    """Filters of a first layer, float32 [n, height, width]: positive weights red, negative blue."""
    columns = min(16, len(weights))
    strongest = float(np.abs(weights).max())
    mosaic = grid(weights, columns)
    colors = {"cmap": "RdBu_r", "vmin": -strongest, "vmax": strongest}
    return _showing(mosaic, tile=0.6, columns=columns, **colors)[0]


def stage(activation: NDArray[np.float32], title: str) -> Figure:
    """The activations of one stage for one image, arranged by `lay_out`.

    Feature maps, float32 [maps, height, width], are each scaled to their own range; hidden states,
    float32 [rows, units], and units, float32 [units], share one.
    """
    if activation.ndim == 3:
        low = activation.min(axis=(1, 2), keepdims=True)
        span = np.ptp(activation, axis=(1, 2), keepdims=True)
        activation = (activation - low) / np.where(span > 0, span, 1)
    image = lay_out(activation)
    inches = 9.0
    height = inches * image.shape[0] / image.shape[1]
    figure = Figure(figsize=(inches, min(max(height, 1.2), inches)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(image, cmap="magma", interpolation="nearest")
    axes.set_title(title)
    if activation.ndim == 2:
        axes.set(xlabel="unit", ylabel="row of the image")
    else:
        axes.axis("off")
    return figure


def occlusion(pixels: Pixels, falls: NDArray[np.float64], title: str) -> Figure:
    """An occlusion map, float64 [28, 28], over its image, uint8 [28, 28].

    Red ink supports the prediction, blue ink opposes it.
    """
    strongest = max(float(np.abs(falls).max()), 1e-9)
    figure = Figure(figsize=(4.6, 4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(pixels, cmap="gray_r", vmin=0, vmax=255)
    shown = axes.imshow(falls, cmap="RdBu_r", vmin=-strongest, vmax=strongest, alpha=0.65)
    bar = figure.colorbar(shown, format=PercentFormatter(1))
    bar.set_label("drop of the probability when covered")
    axes.axis("off")
    axes.set_title(title)
    return figure
