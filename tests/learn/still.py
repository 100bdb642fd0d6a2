"""What the learn page shows before a hand has drawn: one drawing, and what the shipped models say.

`webapp/pages/learn.json` has it, so that pages without scripts, and the first paint, need no model.
"""

from __future__ import annotations

import tempfile

import msgspec
import numpy as np
from safetensors.numpy import load_file

from tests.conftest import ROOT
from tests.learn.measure import read_measurements
from trainer.data.strokes.templates import TEMPLATES
from trainer.recognition.bundle import PRETRAINED
from trainer.recognition.image import as_data_url
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.strokes import Strokes, catmull_rom, fit_to_canvas
from webapp.inference.predict import answer
from webapp.inference.registry import ALL, Models
from webapp.inference.ways import MODEL, SHEET, as_levels, drawn, row_by_row, two_ways
from webapp.pages.learn_still import Answer, Kernel, Still
from webapp.schemas import PredictRequest, SheetRequest
from webapp.settings import Settings

FILE = ROOT / "webapp" / "pages" / "learn.json"

PEN = 36
"""In thousandths of the sheet."""


def strokes() -> Strokes:
    """A 4 as many people write it, small and in a corner of the sheet."""
    lines = [np.array(line) * (0.75, 1) for line in TEMPLATES[4]["open"]]
    smooth = [catmull_rom(line, 4) for line in lines]
    return fit_to_canvas(smooth, SHEET, size=0.35, pen=PEN, position=(0.2, 0.82))


def kernels() -> list[Kernel]:
    """The windows of the first layer of the shipped LeNet-5."""
    weights = load_file(PRETRAINED / MODEL / "weights.safetensors")
    pairs = zip(weights["layers.0.weight"], weights["layers.0.bias"], strict=True)
    return [
        Kernel(
            [round(float(each), 3) for each in kernel.ravel()],
            round(float(bias), 3),
            as_data_url(as_levels(kernel[0])),
        )
        for kernel, bias in pairs
    ]


def made() -> Still:
    """The drawing with the answers of the shipped models."""
    points = [[(round(x), round(y)) for x, y in line] for line in strokes()]
    asked = SheetRequest(strokes=[[list(each) for each in line] for line in points], pen=PEN)
    with tempfile.TemporaryDirectory() as home:
        models = Models(Settings(home=home))
        options = PredictRequest(model=ALL)
        card = models.shipped().card
        drawn_digits = next(each for each in card.evaluations if each.data == "strokes")
        answers = answer(ModelInputs(drawn(asked)), models, options).models
        return Still(
            strokes=points,
            pen=PEN,
            ways=two_ways(asked, models),
            rows=row_by_row(asked, models),
            answers=[
                Answer(
                    model=each.model.name,
                    digit=each.digit,
                    is_digit=each.is_digit,
                    confidence=round(each.confidence, 4),
                    digit_score=round(each.digit_score, 4),
                )
                for each in answers
            ],
            kernels=kernels(),
            thresholds=read_measurements().thresholds,
            shipped_threshold=round(card.rejection_threshold, 4),
            reliability=drawn_digits.reliability,
        )


def content() -> bytes:
    """The content of the file."""
    return msgspec.json.encode(made()) + b"\n"
