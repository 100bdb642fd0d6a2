"""One table for all that a recognizer of digits has to stand: `python -m trainer benchmark`.

Everything is measured on MNIST's test set and on the drawings of the test writers, who chose
nothing. Pictures come from a seed, so that every run asks the same.
"""

from __future__ import annotations

from pathlib import Path

from trainer.data.datasets.letters import LOOK_ALIKES, letter_records
from trainer.data.samples import Split
from trainer.data.strokes.records import read_split
from trainer.evaluation.benchmark import accuracy as measure
from trainer.evaluation.benchmark.readers import Report, bundle_reader, tutorial_readers
from trainer.evaluation.benchmark.results import BenchmarkReport, as_text
from trainer.evaluation.calibration import calibration_error, reliability
from trainer.recognition.bundle import read_bundle
from trainer.recognition.recognizer import Recognizer

__all__ = ["BenchmarkReport", "as_text", "benchmark"]


def benchmark(
    bundle: Path,
    folder: Path,
    *,
    command: str,
    seed: int = 0,
    size: int | None = None,
    tutorials: bool = True,
    report: Report,
) -> BenchmarkReport:
    """Measure a bundle, and the tutorials' LeNet-5 beside it.

    `folder` holds the data sets. `size` bounds the drawings of each row, for a quick look. Raises
    `TrainerError` or `BundleError` where data or bundle are missing.
    """
    recognizer = Recognizer(read_bundle(bundle))
    digits = read_split(folder, "digits", Split.TEST)
    letters = letter_records(Split.TEST, folder)
    if size is not None:
        step = max(1, len(digits) // size), max(1, len(letters) // size)
        digits, letters = digits[:: step[0]], letters[:: step[1]]
    readers = [bundle_reader(bundle.name, recognizer)]
    if tutorials:
        readers += tutorial_readers(folder, seed, report)
    report("MNIST …")
    rows = [measure.mnist_row(readers, folder)]
    rows += measure.nuisance_rows(readers, digits, seed, report)
    report("numbers …")
    numbers = measure.number_rows(recognizer, readers[0].name, digits, size or 1000, seed)
    report("letters …")
    drawn = measure.all_at_once(digits, seed)
    told, by_letter, counted = measure.told_apart(readers, drawn, letters, seed)
    report("calibration, worst errors, time …")
    asked = drawn.seen_as("prepared")
    read = asked.where(asked.has_ink)
    probabilities, _ = readers[0].read(read.pixels)
    return BenchmarkReport(
        command=command,
        seed=seed,
        model=recognizer.card.version,
        preprocessing=recognizer.card.preprocessing,
        readers=[reader.name for reader in readers],
        rows=rows,
        numbers=numbers,
        told=told,
        letters=by_letter,
        letters_counted=counted,
        look_alikes=" ".join(sorted(LOOK_ALIKES)),
        nothing=measure.nothing(recognizer),
        calibration_error=calibration_error(probabilities, read.labels),
        reliability=reliability(probabilities, read.labels),
        mistakes=measure.mistakes(readers[0], asked, digits, seed),
        cost=measure.cost(recognizer, bundle, digits),
    )
