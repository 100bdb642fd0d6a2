"""How a model came to its answer: its stages, and the ink that mattered, as pictures."""

from __future__ import annotations

from http import HTTPStatus

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.activation_layout import lay_out
from trainer.recognition.image import Picture, as_data_url
from trainer.recognition.occlusion import occlusion_map
from trainer.recognition.preprocess import Pixels, preprocess
from webapp.http.errors import Problem
from webapp.inference.predict import ALL, answer
from webapp.inference.registry import Models
from webapp.schemas import Explanation, PredictRequest, Stage

FOR, AGAINST = (255, 150, 50), (90, 160, 255)
"""RGB of the ink that spoke for the answer, and of the ink that spoke against it."""

_LEAST_FALL = 0.01  # of the probability; weaker effects are shown as weak as they are
_BRIGHTEST = 99.5  # per cent of the numbers; a few that stand far out leave the rest in the dark


def explain(picture: Picture, models: Models, wishes: PredictRequest) -> Explanation:
    """Read one digit with one model, and show how it came to its answer. Raises `Problem`."""
    if wishes.mode == "number" or wishes.model == ALL:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "invalid_request", "Explained is one digit, by one model"
        )
    prediction = answer(picture, models, wishes)
    recognizer = models.get(prediction.model.name)
    pixels = preprocess(picture.image, picture.scale).pixels
    return Explanation(
        **msgspec.structs.asdict(prediction),
        occlusion=as_data_url(tinted(pixels, occlusion_map(recognizer, pixels))),
        stages=[
            Stage(name=name, shape=list(given.shape), picture=as_data_url(glowing(lay_out(given))))
            for name, (given,) in recognizer.stages(pixels[None]).items()
        ],
    )


def tinted(pixels: Pixels, falls: NDArray[np.float64]) -> Pixels:
    """Ink, uint8 [28, 28], in the colours of what its loss costs: RGB, uint8 [28, 28, 3]."""
    strength = falls / max(float(np.abs(falls).max()), _LEAST_FALL)
    weight = np.abs(strength)[..., None]
    colour = np.where(strength[..., None] > 0, FOR, AGAINST)
    ink = 0.6 * pixels[..., None].astype(np.float64)
    return np.round(ink + (colour - ink) * weight).astype(np.uint8)


def glowing(values: NDArray[np.float32]) -> Pixels:
    """Numbers as colours from dark to bright, from the least to nearly the most; NaN as nothing.

    float32 [height, width] to RGBA, uint8 [height, width, 4].
    """
    there = ~np.isnan(values)
    low, high = np.percentile(values[there], [0, _BRIGHTEST])
    level = np.clip(np.where(there, (values - low) / max(high - low, 1e-9), 0), 0, 1)
    colours = cv2.applyColorMap(np.round(255 * level).astype(np.uint8), cv2.COLORMAP_MAGMA)
    return np.dstack([cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), 255 * there.astype(np.uint8)])
