"""Comparison of several bundles on the same samples."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.evaluation.metrics import measure
from trainer.recognition.bundle import Bundle, Card, Evaluation, Rejection
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.recognizer import Recognizer


class DataSetComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics of all bundles on the test split of one data set."""

    data: str
    """The data set."""
    measured: list[Evaluation | Rejection]
    """By bundle, in the order of `Comparison.versions`."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a comparison; `python -m trainer compare --json` prints it."""

    versions: list[str]
    """The bundles' versions."""
    sets: list[DataSetComparison]
    missing: list[str]
    """The data sets that are not available."""


def compare(bundles: Sequence[Bundle], sources: Sequence[Source]) -> Comparison:
    """Evaluate all bundles on the test split of each data set.

    If all cards contain metrics on the same samples, by their hash, those are used. A data set of
    digits and non-digits is compared twice, once for each; an empty one is left out. Raises
    `BundleError` or `TrainerError` if a bundle or a data set is damaged.
    """
    recognizers = [Recognizer(bundle) for bundle in bundles]
    found: list[DataSetComparison] = []
    for source in sources:
        if source.is_here:
            found += _from_cards(bundles, source) or _measured(recognizers, source)
    return Comparison(
        versions=[bundle.card.version for bundle in bundles],
        sets=found,
        missing=[source.title for source in sources if not source.is_here],
    )


def _from_cards(bundles: Sequence[Bundle], source: Source) -> list[DataSetComparison]:
    """The metrics in the bundles' cards, if all are on the same samples; else nothing."""
    found = [_in_card(bundle.card, source.title) for bundle in bundles]
    known = [each for each in found if each is not None]
    if source.path or len(known) < len(found) or len({each.sha256 for each in known}) > 1:
        return []
    return [DataSetComparison(data=source.title, measured=known)]


def _in_card(card: Card, data: str) -> Evaluation | Rejection | None:
    """The card's metrics on the test split of a data set."""
    measured: list[Evaluation | Rejection] = [*card.evaluations, *card.rejections]
    return next((each for each in measured if (each.data, each.split) == (data, "test")), None)


def _measured(recognizers: Sequence[Recognizer], source: Source) -> list[DataSetComparison]:
    """Evaluate on the digits of the test split, and on its non-digits, if there are any."""
    samples = source.load(Split.TEST)
    digits = samples.labels != NOT_A_DIGIT
    return [
        DataSetComparison(data=source.title, measured=_measure_all(recognizers, part, source.title))
        for part in (samples.where(digits), samples.where(~digits))
        if len(part)
    ]


def _measure_all(
    recognizers: Sequence[Recognizer], samples: Samples, data: str
) -> list[Evaluation | Rejection]:
    return [measure(recognizer, samples, data, Split.TEST) for recognizer in recognizers]
