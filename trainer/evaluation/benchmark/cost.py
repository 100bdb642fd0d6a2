"""The cost of a bundle: its size, and the time of a prediction."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from trainer.data.rendering.canvas import render
from trainer.data.rendering.photo import Photo, photograph
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import PLAIN
from trainer.evaluation.benchmark.results import Cost
from trainer.evaluation.timing import median_ms
from trainer.recognition.image import decode
from trainer.recognition.preprocess import preprocess
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.strokes import Strokes

_DRAWINGS = 200  # that are timed
_PHOTOS = 15  # decodings that are timed
_AS_THE_PAGE_SENDS = replace(PLAIN, side=140, size=0.85, pen=7)


def measure_cost(recognizer: Recognizer, folder: Path, records: Sequence[Record]) -> Cost:
    """Measure the cost of the bundle in this folder on this machine.

    `records` has at least one; the time of a prediction is measured on the first of them.
    """
    drawings = [render(record.strokes, _AS_THE_PAGE_SENDS) for record in records[:_DRAWINGS]]
    preprocessed = [preprocess(drawing).pixels[None] for drawing in drawings]
    content = large_photo(records[0].strokes)

    def preprocess_photo(_: int) -> None:
        picture = decode(content)
        preprocess(picture.image, picture.scale)

    return Cost(
        parameters=recognizer.card.parameters,
        bundle_bytes=sum(path.stat().st_size for path in folder.iterdir()),
        forward_ms=median_ms(lambda i: recognizer.logits(preprocessed[i]), len(preprocessed)),
        canvas_ms=median_ms(lambda i: preprocess(drawings[i]), len(drawings)),
        photo_ms=median_ms(preprocess_photo, _PHOTOS),
    )


def large_photo(strokes: Strokes) -> bytes:
    """A photo of a drawing, 4000×3000 pixels, as a JPEG file."""
    coverage = np.zeros((3000, 4000), np.uint8)
    coverage[500:2500, 1000:3000] = cv2.resize(255 - render(strokes, PLAIN), (2000, 2000))
    file = io.BytesIO()
    Image.fromarray(photograph(coverage, Photo(noise=0.02))).save(file, "JPEG", quality=90)
    return file.getvalue()
