"""Several bundles side by side on the same pictures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from trainer.data.samples import NOT_A_DIGIT, Samples, Split
from trainer.data.source import Source
from trainer.evaluation.metrics import measure
from trainer.recognition.bundle import Bundle, Card, Evaluation, Rejection
from trainer.recognition.recognizer import Recognizer


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What each bundle, in their order, makes of the test part of one data set."""

    data: str
    measured: list[Evaluation | Rejection]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All that was compared, and the data sets that are not on this machine."""

    versions: list[str]
    sets: list[Compared]
    missing: list[str]


def compare(bundles: Sequence[Bundle], sources: Sequence[Source]) -> Comparison:
    """Measure all bundles on the test part of each data set.

    Where every card tells figures of the very same pictures, those are taken. A data set that mixes
    digits with what is none counts twice, once for each; an empty one not at all.
    """
    recognizers = [Recognizer(bundle) for bundle in bundles]
    found: list[Compared] = []
    for source in sources:
        if source.is_here:
            found += _by_cards(bundles, source) or _by_asking(recognizers, source)
    return Comparison(
        versions=[bundle.card.version for bundle in bundles],
        sets=found,
        missing=[source.title for source in sources if not source.is_here],
    )


def _by_cards(bundles: Sequence[Bundle], source: Source) -> list[Compared]:
    told = [_told(bundle.card, source.title) for bundle in bundles]
    known = [each for each in told if each is not None]
    if source.path or len(known) < len(told) or len({each.sha256 for each in known}) > 1:
        return []
    return [Compared(data=source.title, measured=known)]


def _told(card: Card, data: str) -> Evaluation | Rejection | None:
    measured: list[Evaluation | Rejection] = [*card.evaluations, *card.rejections]
    return next((each for each in measured if (each.data, each.split) == (data, "test")), None)


def _by_asking(recognizers: Sequence[Recognizer], source: Source) -> list[Compared]:
    samples = source.load(Split.TEST)
    digits = samples.labels != NOT_A_DIGIT
    return [
        Compared(data=source.title, measured=[_measure(each, part, source) for each in recognizers])
        for part in (samples.where(digits), samples.where(~digits))
        if len(part)
    ]


def _measure(recognizer: Recognizer, samples: Samples, source: Source) -> Evaluation | Rejection:
    return measure(recognizer, samples, source.title, Split.TEST)
