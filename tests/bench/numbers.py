"""How numbers are read: `python -m tests.bench.numbers weights`, and `python -m tests.bench.numbers
figures`.

The first fits the weights of `trainer.recognition.segmentation.rescoring`, in about ten minutes on
two cores; the second prints the figures of numbers that are in no benchmark, in about five.
`second` asks whether the row reader would help with single digits. All are of the shipped model and
by validation writers, where nothing else is asked for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, product

import click
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.handwriting import MARKS, hands_of, with_mark, write
from trainer.data.datasets.letters import letter_records
from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered_numbers import NumberRenderer
from trainer.data.samples import Split
from trainer.data.strokes.records import Record, read_split
from trainer.evaluation.number_calibration import KINDS, draw_number, marks_of
from trainer.paths import data_folder
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation import reading
from trainer.recognition.segmentation.ctc import log_likelihoods
from trainer.recognition.segmentation.reading import ways_to_read
from trainer.recognition.segmentation.rescoring import WEIGHTS, evidence
from trainer.recognition.segmentation.row_reader import row_images, shipped_row_reader
from trainer.recognition.segmentation.segments import TooManyPieces
from trainer.recognition.strokes import Strokes
from webapp.inference.predict import answer
from webapp.inference.registry import Models
from webapp.schemas import Mode, Prediction, PredictRequest
from webapp.settings import Settings

SPLIT = click.option(
    "--split", type=click.Choice([each.value for each in Split]), default="validation"
)


@dataclass(frozen=True, slots=True)
class Row:
    """The ways to read a row that were ranked."""

    evidence: Floats
    """float64 [ways, 3]."""
    right: NDArray[np.bool_]
    """Whether its digits are those that were written: bool [ways]."""


@click.group()
def main() -> None:
    """Fit the weights of the ways to read a row, or measure how numbers are read."""


@main.command()
@click.option("--count", type=click.IntRange(min=2), default=2000, help="Of each kind.")
@click.option("--seed", type=int, default=7)
@SPLIT
def weights(count: int, seed: int, split: str) -> None:
    """Fit the weights to every other number, and print the share of the others' rows read right."""
    teaching: list[Row] = []
    others: dict[str, list[Row]] = {}
    for kind in KINDS:
        parts = in_chunks(partial(rows_of, kind, seed, Split(split)), count, kind)
        numbers = list(chain.from_iterable(parts))
        teaching += chain.from_iterable(numbers[::2])
        others[kind] = list(chain.from_iterable(numbers[1::2]))
    fitted = fit(teaching)
    for name, those in {"now": WEIGHTS, "fitted": fitted}.items():
        shares = [f"{kind} {share_right(rows, those):.2%}" for kind, rows in others.items()]
        click.echo(f"{name}: {np.round(those, 2).tolist()}, rows right: {', '.join(shares)}")


def rows_of(kind: str, seed: int, split: Split, indices: range) -> list[list[Row]]:
    """Of numbers of a kind, the rows that were found and that the row reader has read."""
    digits, marks = read_split(data_folder(), "digits", split), marks_of(split, data_folder())
    recognizer, read_row = shipped(), shipped_row_reader()
    numbers = []
    for index in indices:
        text, picture = draw_number(kind, digits, marks, seed, index)
        try:
            segments = ModelInputs(Image.fromarray(picture)).number
            found = ways_to_read(segments, recognizer.predict_all, read_row)
        except (EmptyDrawing, TooManyPieces):
            continue
        expected = text.split("\n")
        if len(found.rows) == len(expected):
            numbers.append(
                [
                    Row(evidence(ways, row, found.found), np.array([w.read == line for w in ways]))
                    for (ways, row), line in zip(found.rows, expected, strict=True)
                    if row
                ]
            )
    return numbers


def fit(rows: Sequence[Row]) -> Floats:
    """The weights that give the right ways the most likelihood; rows without one teach nothing."""
    known = [row for row in rows if row.right.any()]
    every = torch.tensor(np.concatenate([row.evidence for row in known]))
    right = torch.tensor(np.concatenate([row.right for row in known]))
    sizes = [len(row.right) for row in known]
    chosen = torch.zeros(every.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([chosen], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = every @ chosen
        of_right = scores.masked_fill(~right, -torch.inf)
        both = zip(scores.split(sizes), of_right.split(sizes), strict=True)
        lost = torch.stack([torch.logsumexp(a, 0) - torch.logsumexp(b, 0) for a, b in both]).mean()
        lost.backward()
        return lost

    optimizer.step(loss)
    found: Floats = chosen.detach().numpy()
    return found


def share_right(rows: Sequence[Row], those: Floats) -> float:
    """The share of the rows, 0..1, whose best way is right with these weights."""
    return float(np.mean([row.right[(row.evidence @ those).argmax()] for row in rows]))


@main.command()
@SPLIT
def figures(split: str) -> None:
    """Print what is read as a number, how often marks are named, and what the row reader takes."""
    digits = read_split(data_folder(), "digits", Split(split))
    letters = letter_records(Split(split), data_folder())
    drawn = [
        (picture_of(digit, [times, index], photos=0.2), "")
        for times in range(3)
        for index, digit in enumerate(digits)
    ]
    others = [(picture_of(each, [9, index]), "") for index, each in enumerate(letters)]
    with tempfile.TemporaryDirectory() as home:
        models = Models(Settings(home=home))
        read = partial(read_as, models)
        show("digits in mode auto", read("auto", drawn))
        show("letters and symbols in mode auto", read("auto", others))
        show("letters and symbols in mode number", read("number", others))
        marked = sum(bool(given.unread) for given in answers(models, "auto", drawn))
        click.echo(f"digits beside which a mark is named: {marked} of {len(drawn):,}")
        for form in ("-7", "7-", "7,", "7=", "+7", "7/", "(7)"):
            signed = [(picture, "") for picture in singles(form, hands_of(digits))]
            given = list(answers(models, "auto", signed))
            silent = sum(each.certainty == "sure" and not each.unread for each in given)
            click.echo(f"a digit as in {form}: sure and silent {silent} of {len(signed)}")
        for rows, count in ((1, 300), (2, 100)):
            numbers = [number_of(digits, rows, index) for index in range(count)]
            show(f"numbers in {rows} row(s) in mode auto", read("auto", numbers))
    hands, recognizer = hands_of(digits), shipped()
    for mark in MARKS:
        share = named(mark, hands, recognizer)
        click.echo(f"a number with {mark}: named and the digits right {share:.0%}")
    for touching in (False, True):
        with_it, without = milliseconds_of(digits, touching)
        kind = "touching" if touching else "apart"
        click.echo(f"four digits {kind}: {with_it:.1f} ms, without the row reader {without:.1f} ms")


@main.command()
@SPLIT
def second(split: str) -> None:
    """Print how many single digits are misread if the row reader has a say too, by its weight."""
    digits = read_split(data_folder(), "digits", Split(split))
    recognizer, read_row = shipped(), shipped_row_reader()
    read: list[tuple[int, Floats, Floats]] = []
    for times, (index, digit) in product(range(3), enumerate(digits)):
        inputs = ModelInputs(Image.fromarray(picture_of(digit, [times, index], photos=0.2)))
        with suppress(EmptyDrawing, TooManyPieces):
            by_model = np.log(recognizer.read_digit(inputs).probabilities + 1e-12)
            image = row_images(inputs.number)[0]
            if image is not None and len(inputs.number.rows) == 1:
                by_row = log_likelihoods(read_row(image), [str(label) for label in range(10)])
                read.append((int(digit.label), by_model, np.maximum(by_row, -20.0)))
    labels, models, rows = (np.array(each) for each in zip(*read, strict=True))
    both = (models.argmax(1) != labels) & (rows.argmax(1) != labels)
    click.echo(f"{len(labels):,} digits, misread by both: {both.sum()}")
    for weight in (0, 0.1, 0.2, 0.5, 1, 2):
        wrong = (models + weight * rows).argmax(1) != labels
        click.echo(f"weight {weight}: misread {wrong.sum()}")


def shipped() -> Recognizer:
    return Recognizer(read_bundle(PRETRAINED / "inkling"))


def picture_of(record: Record, stream: Sequence[int], photos: float = 0.0) -> Pixels:
    return render(record.strokes, RenderStyle.random(np.random.default_rng(stream), photos))


def number_of(digits: Sequence[Record], rows: int, index: int) -> tuple[Pixels, str]:
    draw = NumberRenderer(digits, 2 + index % 5, rows=rows)
    text, picture = draw.draw(np.random.default_rng([3 + rows, index]))
    return picture, text


def read_as(
    models: Models, mode: Mode, pictures: Iterable[tuple[Pixels, str]]
) -> list[tuple[str, str]]:
    """What is read as a number, or "", and what was written, of each picture."""
    read = []
    for picture, text in pictures:
        given = next(answers(models, mode, [(picture, text)]), None)
        is_number = given and (mode == "number" or len(given.digits) > 1)
        read.append((given.text if given and is_number else "", text))
    return read


def answers(
    models: Models, mode: Mode, pictures: Iterable[tuple[Pixels, str]]
) -> Iterator[Prediction]:
    """What is answered to each picture that isn't empty."""
    for pixels, _text in pictures:
        inputs, options = ModelInputs(Image.fromarray(pixels)), PredictRequest(image="", mode=mode)
        with suppress(EmptyDrawing, TooManyPieces):
            yield answer(inputs, models, options)


def singles(form: str, hands: Sequence[dict[int, Strokes]], count: int = 80) -> Iterator[Pixels]:
    """Digits with marks as in `form`, in which 7 stands for any digit."""
    rng = np.random.default_rng(5)
    for index in range(count):
        text = form.replace("7", str(rng.integers(0, 10)))
        yield write(text, hands[index % len(hands)], rng)


def show(name: str, read: Sequence[tuple[str, str]]) -> None:
    found = [(given, text) for given, text in read if given]
    right = sum(given == text for given, text in found)
    suffix = f", {right} of these right" if any(text for _, text in read) else ""
    click.echo(f"{name}: {len(found)} of {len(read):,} are read as numbers{suffix}")


def named(
    mark: str, hands: Sequence[dict[int, Strokes]], recognizer: Recognizer, count: int = 80
) -> float:
    """The share of numbers with this mark, 0..1, whose digits are right and that name it."""
    rng, right = np.random.default_rng(3), 0
    for index in range(count):
        text = "".join(map(str, rng.integers(0, 10, 2)))
        picture = write(with_mark(text, mark), hands[index % len(hands)], rng)
        found = recognizer.read_number(picture)
        right += found.text == text and bool(found.unread)
    return right / count


def milliseconds_of(
    digits: Sequence[Record], touching: bool, count: int = 60
) -> tuple[float, float]:
    """The processor time in ms that a number takes, with the row reader and without it."""
    recognizer, read_rows = shipped(), reading.read_rows
    pictures = [
        NumberRenderer(digits, 4, touching=touching).draw(np.random.default_rng([3, index]))[1]
        for index in range(count)
    ]

    def took(by: Callable) -> float:
        reading.read_rows = by
        try:
            started = time.process_time()
            for picture in pictures:
                recognizer.read_number(picture)
            return (time.process_time() - started) / count * 1000
        finally:
            reading.read_rows = read_rows

    took(read_rows)  # loads it
    return took(read_rows), took(lambda segments, _: [None] * len(segments.rows))


if __name__ == "__main__":
    main()
