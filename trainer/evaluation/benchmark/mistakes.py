"""The most confident errors of a reader: the image that was sent, and the model's input."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.readers import Reader
from trainer.evaluation.benchmark.rendered_samples import ALL_AT_ONCE, NuisanceRenderer, draw_one
from trainer.evaluation.benchmark.results import Mistake
from trainer.evaluation.metrics import surest_errors
from trainer.recognition.image import as_data_url

MAX_MISTAKES = 48
"""Number of errors that are shown."""


def worst_mistakes(
    reader: Reader, samples: Samples, records: Sequence[Record], seed: int
) -> list[Mistake]:
    """The most confident errors on the preprocessed samples of `draw_all_at_once`, in order."""
    probabilities, _ = reader.read(samples.pixels)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    worst = surest_errors(probabilities, samples.labels, samples.has_ink)[:MAX_MISTAKES]
    draw = NuisanceRenderer(records, ALL_AT_ONCE)
    return [
        Mistake(
            truth=records[index].label,
            answer=str(predicted[index]),
            confidence=float(confidence[index]),
            writer=records[index].writer.partition("/")[0],
            picture=as_data_url(draw_one(draw, seed, index)[1]),
            seen=as_data_url(samples.pixels[index]),
        )
        for index in worst.tolist()
    ]
