"""The benchmark: `python -m trainer benchmark`.

Measures a bundle on MNIST's test set and on drawings by the test writers, who were not used for
training or model selection. Samples are rendered from a seed, so they are the same in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainer.data.datasets.letters import LOOK_ALIKES, letter_records
from trainer.data.samples import Split
from trainer.data.strokes.records import read_split
from trainer.errors import TrainerError
from trainer.evaluation.benchmark.accuracy import (
    data_set_rows,
    mnist_row,
    nuisance_rows,
    number_rows,
)
from trainer.evaluation.benchmark.cost import measure_cost
from trainer.evaluation.benchmark.mistakes import worst_mistakes
from trainer.evaluation.benchmark.readers import bundle_reader, tutorial_readers
from trainer.evaluation.benchmark.rejection import blank_inputs, ood_metrics
from trainer.evaluation.benchmark.rendered_samples import draw_all_at_once, evenly_spaced
from trainer.evaluation.benchmark.results import BenchmarkResults, as_text
from trainer.evaluation.calibration import calibration_error, reliability
from trainer.evaluation.number_calibration import marks_of, measure_numbers
from trainer.progress import ReportProgress
from trainer.recognition.bundle import read_bundle
from trainer.recognition.recognizer import Recognizer

__all__ = ["BenchmarkResults", "as_text", "benchmark"]


def benchmark(
    bundle: Path,
    folder: Path,
    *,
    command: str,
    seed: int = 0,
    size: int | None = None,
    tutorials: bool = True,
    beside: Sequence[Path] = (),
    report: ReportProgress,
) -> BenchmarkResults:
    """Run the benchmark on a bundle, and with `tutorials` on a LeNet-5 for comparison.

    The bundles `beside` it are measured too, on the same preprocessed digits and non-digits.
    `folder` is the data folder. `size` limits the number of drawings per row, for a quick run.
    `command` is the command line, for the results. Raises `TrainerError` or `BundleError` if data
    or bundle are missing or damaged.
    """
    recognizer = Recognizer(read_bundle(bundle))
    readers = [bundle_reader(bundle.name, recognizer)]
    readers += [bundle_reader(each.name, Recognizer(read_bundle(each))) for each in beside]
    if len({reader.name for reader in readers}) < len(readers):
        raise TrainerError("two of the bundles have the same name: rename a folder")
    digits = read_split(folder, "digits", Split.TEST)
    letters = letter_records(Split.TEST, folder)
    digits, letters = (
        [records[index] for index in evenly_spaced(len(records), size)]
        for records in (digits, letters)
    )
    if tutorials:
        readers += tutorial_readers(folder, seed, report)
    report("MNIST …")
    rows = [mnist_row(readers, folder), *data_set_rows(readers, folder, size)]
    rows += nuisance_rows(readers, digits, seed, report)
    report("numbers …")
    numbers = number_rows(recognizer, readers[0].name, digits, size or 1000, seed)
    measured = measure_numbers(
        recognizer, digits, marks_of(Split.TEST, folder), size or 1000, seed, report
    )
    report("letters …")
    drawn = draw_all_at_once(digits, seed)
    rejection = ood_metrics(readers, drawn, letters, seed)
    report("calibration, worst errors, time …")
    samples = drawn.seen_as("preprocessed")
    with_ink = samples.where(samples.has_ink)
    probabilities, _ = readers[0].read(with_ink.pixels)
    return BenchmarkResults(
        command=command,
        seed=seed,
        model=recognizer.card.version,
        preprocessing=recognizer.card.preprocessing,
        readers=[reader.name for reader in readers],
        rows=rows,
        numbers=numbers,
        ood_metrics=rejection.by_reader,
        letters=rejection.by_letter,
        letters_counted=rejection.counts,
        look_alikes=" ".join(sorted(LOOK_ALIKES)),
        blank_inputs=blank_inputs(recognizer),
        calibration_error=calibration_error(probabilities, with_ink.labels),
        reliability=reliability(probabilities, with_ink.labels),
        number_calibration=measured,
        mistakes=worst_mistakes(readers[0], samples, digits, seed),
        cost=measure_cost(recognizer, bundle, digits),
    )
