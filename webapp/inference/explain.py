"""Explains a prediction by images of the model's activations and an occlusion map."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.activation_layout import lay_out
from trainer.recognition.array_types import Pixels
from trainer.recognition.image import as_data_url
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.occlusion import occlusion_map
from webapp.inference.predict import answer
from webapp.inference.registry import ALL, Models
from webapp.schemas import Explanation, PredictRequest, Stage

FOR, AGAINST = (255, 150, 50), (90, 160, 255)
"""RGB of ink that supports the prediction, and of ink that opposes it."""

_GRAY = 110  # of 255: zero, among values of both signs
_MIN_SCALE = 0.01  # of the probability, so that effects which are all weak also look weak
_BRIGHTEST = 99.5  # percentile that is drawn brightest, so that outliers do not darken the rest


class NotExplainable(ValueError):
    """A request to explain more than one digit, or more than one model."""


def explain(inputs: ModelInputs, models: Models, options: PredictRequest) -> Explanation:
    """Read one digit with one model, and explain the prediction.

    Raises `NotExplainable`, and what `answer` raises.
    """
    if options.mode != "digit" or options.model == ALL:
        raise NotExplainable("only one digit, read by one model, can be explained")
    prediction = answer(inputs, models, options)
    recognizer = models.get(prediction.model.name)
    pixels = recognizer.read_digit(inputs).prepared.pixels
    return Explanation(
        **msgspec.structs.asdict(prediction),
        occlusion=as_data_url(tinted(pixels, occlusion_map(recognizer, pixels))),
        stages=[
            Stage(
                name=name,
                shape=list(given.shape),
                made=wiring.kind if (wiring := recognizer.wirings.get(name)) else "",
                picture=as_data_url(as_heatmap(lay_out(given))),
            )
            for name, (given,) in recognizer.stages(pixels[None]).items()
        ],
    )


def tinted(pixels: Pixels, falls: NDArray[np.float64]) -> Pixels:
    """Color ink by how much covering it lowers the probability of the prediction.

    `pixels` is uint8 [28, 28]; `falls`, float64 [28, 28], is the drop in probability. Returns RGB,
    uint8 [28, 28, 3].
    """
    strength = falls / max(float(np.abs(falls).max()), _MIN_SCALE)
    weight = np.abs(strength)[..., None]
    color = np.where(strength[..., None] > 0, FOR, AGAINST)
    ink = 0.6 * pixels[..., None].astype(np.float64)
    return np.round(ink + (color - ink) * weight).astype(np.uint8)


def as_heatmap(values: NDArray[np.float32]) -> Pixels:
    """Map values, float32 [height, width], to colors from dark (lowest) to bright (highest).

    If there are negative values, zero is gray, they are blue, and positive ones orange. Returns
    RGBA, uint8 [height, width, 4]; NaN becomes transparent.
    """
    there = ~np.isnan(values)
    if np.nanmin(values) < 0:
        return np.dstack([_around_gray(np.where(there, values, 0)), 255 * there.astype(np.uint8)])
    low, high = np.percentile(values[there], [0, _BRIGHTEST])
    level = np.clip(np.where(there, (values - low) / max(high - low, 1e-9), 0), 0, 1)
    colors = cv2.applyColorMap(np.round(255 * level).astype(np.uint8), cv2.COLORMAP_MAGMA)
    return np.dstack([cv2.cvtColor(colors, cv2.COLOR_BGR2RGB), 255 * there.astype(np.uint8)])


def _around_gray(values: NDArray[np.float32]) -> Pixels:
    """Blue for negative, gray for zero, orange for positive values: RGB, uint8 [height, width, 3].

    `values` is float32 [height, width].
    """
    most = max(float(np.percentile(np.abs(values), _BRIGHTEST)), 1e-9)
    level = np.clip(values / most, -1, 1)[..., None]
    color = np.where(level > 0, FOR, AGAINST)
    return np.round(_GRAY + (color - _GRAY) * np.abs(level)).astype(np.uint8)
