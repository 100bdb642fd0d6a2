"""Asking the readers, and counting."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from trainer.data.rendering.canvas import render
from trainer.data.rendering.photo import Photo, photograph
from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import PLAIN, looks
from trainer.evaluation.benchmark.readers import Reader, Report
from trainer.evaluation.benchmark.rendered_samples import (
    InStyle,
    Numbers,
    Questions,
    picture_of,
    questions,
)
from trainer.evaluation.benchmark.results import Cost, Mistake, Row, Told
from trainer.evaluation.calibration import REJECTED_SHARE
from trainer.evaluation.metrics import surest_errors
from trainer.evaluation.timing import median_ms
from trainer.recognition.image import as_data_url, decode
from trainer.recognition.prediction import Floats
from trainer.recognition.preprocess import EmptyDrawing, Pixels, preprocess
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.strokes import Strokes

NUMBER_LENGTHS = range(2, 7)
GALLERY = 48
_TIMES = 200
_ALL_AT_ONCE = ("all at once", "random")
_AS_THE_PAGE_SENDS = replace(PLAIN, side=140, size=0.85, pen=7)


def mnist_row(readers: Sequence[Reader], folder: Path) -> Row:
    """MNIST's test set; who sees scaled pictures sees these as they are."""
    from torchvision.datasets import MNIST

    stored = MNIST(root=str(folder / "mnist"), train=False, download=True)
    raw, labels = stored.data.numpy(), stored.targets.numpy()
    prepared = np.stack([preprocess(picture).pixels for picture in raw])
    seen = {"prepared": Samples(prepared, labels), "scaled": Samples(raw, labels)}
    right = {reader.name: _accuracy(reader, seen[reader.sees]) for reader in readers}
    return Row(name="MNIST test", setting="", pictures=len(labels), right=right)


def nuisance_rows(
    readers: Sequence[Reader], records: Sequence[Record], seed: int, report: Report
) -> list[Row]:
    """Each nuisance at random and at its hardest, on every record."""
    rows = []
    for name, setting in looks():
        report(f"{name}, {setting} …")
        asked = questions(InStyle(records, (name, setting)), len(records), seed)
        right = {reader.name: _accuracy(reader, asked.seen_as(reader.sees)) for reader in readers}
        rows.append(Row(name=name, setting=setting, pictures=len(records), right=right))
    return rows


def number_rows(
    recognizer: Recognizer, name: str, records: Sequence[Record], size: int, seed: int
) -> list[Row]:
    """Numbers of two to six digits, each written by one person: all digits right."""
    rows = []
    for touching in (False, True):
        for length in NUMBER_LENGTHS:
            draw = Numbers(records, length, touching)
            right = 0
            for index in range(size):
                label, picture = picture_of(draw, seed + length, index)
                right += _number(recognizer, picture) == str(label).zfill(length)
            setting = f"{length} digits"
            kind = "numbers, touching" if touching else "numbers"
            rows.append(Row(name=kind, setting=setting, pictures=size, right={name: right / size}))
        mean = float(np.mean([row.right[name] for row in rows[-len(NUMBER_LENGTHS) :]]))
        count = size * len(NUMBER_LENGTHS)
        rows.append(Row(name=kind, setting="2 to 6", pictures=count, right={name: mean}))
    return rows


def _number(recognizer: Recognizer, picture: Pixels) -> str:
    try:
        return recognizer.read_number(picture).text
    except EmptyDrawing:
        return ""


def all_at_once(records: Sequence[Record], seed: int) -> Questions:
    """Every record in every look at once."""
    return questions(InStyle(records, _ALL_AT_ONCE), len(records), seed)


def told_apart(
    readers: Sequence[Reader], digits: Questions, letters: Sequence[Record], seed: int
) -> tuple[dict[str, Told], dict[str, float], dict[str, int]]:
    """Digits against letters, both in every look at once; and the share rejected by letter."""
    asked = (digits, all_at_once(letters, seed))
    told: dict[str, Told] = {}
    by_letter: dict[str, list[bool]] = defaultdict(list)
    for reader in readers:
        scores = [_scores(reader, each.seen_as(reader.sees)) for each in asked]
        cut = float(np.quantile(scores[0], REJECTED_SHARE))
        told[reader.name] = Told(
            auroc=auroc(*scores),
            rejected=float((scores[1] < cut).mean()),
            rejected_by_card=float((scores[1] < reader.threshold).mean()),
            digits_lost_by_card=float((scores[0] < reader.threshold).mean()),
        )
        if reader is readers[0]:
            for record, score in zip(letters, scores[1], strict=True):
                by_letter[record.label].append(bool(score < reader.threshold))
    shares = {label: float(np.mean(by_letter[label])) for label in sorted(by_letter)}
    return told, shares, {label: len(by_letter[label]) for label in sorted(by_letter)}


def auroc(positive: Floats, negative: Floats) -> float:
    """Area under the ROC curve: how often a positive scores higher, ties counting half.

    By ranks (Mann and Whitney 1947).
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    upto = np.searchsorted(ordered, positive, "right")
    return float((below + upto).mean() / 2 / len(negative))


def nothing(recognizer: Recognizer) -> dict[str, str]:
    """What is answered to a blank sheet, a dot and a speck."""
    blank = np.full((280, 280), 255, np.uint8)
    dot, speck = blank.copy(), blank.copy()
    cv2.circle(dot, (140, 140), 8, 0, -1, cv2.LINE_AA)
    speck[97:99, 201:203] = 40
    pictures = {"blank sheet": blank, "single dot": dot, "single speck": speck}
    return {name: _answer(recognizer, picture) for name, picture in pictures.items()}


def _answer(recognizer: Recognizer, picture: Pixels) -> str:
    try:
        reading = recognizer.read(picture)
    except EmptyDrawing:
        return "empty drawing"
    return f"{reading.digit}" if reading.is_digit else "not a digit"


def mistakes(reader: Reader, asked: Samples, records: Sequence[Record], seed: int) -> list[Mistake]:
    """The errors of which the reader was surest, the surest first; `asked` is `all_at_once`'s."""
    probabilities, _ = reader.read(asked.pixels)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    worst = surest_errors(probabilities, asked.labels, asked.has_ink)[:GALLERY]
    draw = InStyle(records, _ALL_AT_ONCE)
    return [
        Mistake(
            truth=records[index].label,
            answer=str(answers[index]),
            confidence=float(confidence[index]),
            writer=records[index].writer.partition("/")[0],
            picture=as_data_url(picture_of(draw, seed, index)[1]),
            seen=as_data_url(asked.pixels[index]),
        )
        for index in worst.tolist()
    ]


def cost(recognizer: Recognizer, folder: Path, records: Sequence[Record]) -> Cost:
    """Size, and the time of one answer."""
    drawings = [render(record.strokes, _AS_THE_PAGE_SENDS) for record in records[:_TIMES]]
    prepared = [preprocess(drawing).pixels[None] for drawing in drawings]
    content = large_photo(records[0].strokes)

    def read_photo(_: int) -> None:
        picture = decode(content)
        preprocess(picture.image, picture.scale)

    return Cost(
        parameters=recognizer.card.parameters,
        bundle_bytes=sum(path.stat().st_size for path in folder.iterdir()),
        forward_ms=median_ms(lambda i: recognizer.logits(prepared[i]), len(prepared)),
        canvas_ms=median_ms(lambda i: preprocess(drawings[i]), len(drawings)),
        photo_ms=median_ms(read_photo, 15),
    )


def large_photo(strokes: Strokes) -> bytes:
    """A drawing photographed at 4000×3000, as a JPEG file."""
    coverage = np.zeros((3000, 4000), np.uint8)
    coverage[500:2500, 1000:3000] = cv2.resize(255 - render(strokes, PLAIN), (2000, 2000))
    file = io.BytesIO()
    Image.fromarray(photograph(coverage, Photo(noise=0.02))).save(file, "JPEG", quality=90)
    return file.getvalue()


def _accuracy(reader: Reader, samples: Samples) -> float:
    probabilities, _ = reader.read(samples.pixels)
    right = (probabilities.argmax(axis=1) == samples.labels) & samples.has_ink
    return float(right.mean())


def _scores(reader: Reader, samples: Samples) -> Floats:
    _, scores = reader.read(samples.pixels)
    return np.where(samples.has_ink, scores, 0.0)
