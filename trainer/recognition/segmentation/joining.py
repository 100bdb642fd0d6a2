"""Joining the segments of a number into the digits that read best, and the ink that is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainer.recognition.array_types import Floats
from trainer.recognition.prediction import DigitPrediction
from trainer.recognition.segmentation.candidates import Candidate, Placed

OTHER = "?"
"""The character of ink that is no digit."""

CUT_COST = 0.75
"""Log likelihood that a segment may lack before it is cut."""

WIDTH_COST = 2.0
"""Penalty for wide digits, in units of log likelihood: it multiplies the square of (width - height)
/ height. Few digits are wider than high, but most pairs of digits are."""

_MIN_PROBABILITY = 1e-6  # assigned to segments that cannot be read at all
_KEPT = 3  # readings with different texts that are kept at each segment
_KEPT_OF_TEXTS = 24  # beginnings of given texts that are kept at each segment
_LABELS = 2  # likeliest digits of a candidate that take part

# The log likelihood of a candidate as a digit, and of a component as anything else, are linear in
# their features. The weights maximize the likelihood of the truth over all ways to read a number
# (a semi-Markov conditional random field, Sarawagi and Cohen 2004), for digits apart and touching,
# marks and letters by validation writers. `_DIGIT` and `_OTHER` are lower than that: most numbers
# have their digits apart, and letters are rare.
_DIGIT = 0.9
_CONFIDENCE = 0.97  # of the log of the digit's probability,
_SCORE, _LOW_SCORE = 1.75, -1.19  # of the log of the digit score, and of what it is below _DOUBTFUL
_DOUBTFUL = -2.0
_CUT = -1.07  # of each side on which the candidate was cut off
_WIDTH, _WIDTH_SQUARED = -1.94, -1.41  # of the log of width by height, and of its square
_LOW = -9.4  # of the height that a candidate lacks to _USUAL_HEIGHT, in heights of its row
_USUAL_HEIGHT = 0.75
_NO_MARK = 1.35  # of the log of the probability that it is no mark by its shape and place

_OTHER = -2.2
_NONE = 1.34  # of the log of the probability that the component is no digit
_MARK = 3.0  # of the probability that it is a mark
_OTHER_WIDTH, _OTHER_WIDE = -0.85, -1.73  # of the log of width by height, and of what is above 0
_OTHER_LOW = 2.4  # of the height that it lacks to _USUAL_HEIGHT


@dataclass(frozen=True, slots=True)
class Joined:
    """A way to read all segments of a row."""

    score: float
    """Log likelihood, up to a constant."""
    digits: tuple[Candidate, ...] = ()
    """The candidates that are digits, in reading order."""
    others: tuple[Candidate, ...] = ()
    """The runs of segments that are not."""
    text: str = ""
    """What is read: digits, and `OTHER` for each of the others."""

    @property
    def read(self) -> str:
        """The digits alone."""
        return self.text.replace(OTHER, "")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a candidate."""

    prediction: DigitPrediction
    place: Placed
    mark: float
    """Probability, 0..1, that it is a mark, by its shape and place alone."""


@dataclass(frozen=True, slots=True)
class Component:
    """What is known of a component of ink that may be no digit."""

    place: Placed
    digit_score: float
    """As a whole, 0..1."""
    mark: float
    """Probability, 0..1, that it is a mark, by its shape and place alone."""


def join(
    candidates: Mapping[Candidate, Evidence],
    components: Mapping[Candidate, Component],
    row: range,
    texts: Sequence[str] | None = None,
) -> list[Joined]:
    """The likeliest ways to read a row that differ in their text, the likeliest first.

    Dynamic programming over the segments of the row, whose numbers are given. `components` has the
    runs of segments that are all of a component. At least one and at most `_KEPT`; or, of given
    `texts` of digits, the likeliest way to read each, whatever is left out, except for those that
    cannot be read or whose beginnings are not among the `_KEPT_OF_TEXTS` likeliest: there may be
    none.
    """
    ends: dict[int, list[tuple[Candidate, dict[str, float]]]] = {}
    for candidate, evidence in candidates.items():
        if candidate[0] in row:
            base = _log_likelihood(evidence)
            scores = base + label_scores(evidence.prediction.probabilities)
            labels = np.argsort(scores)[::-1][: _LABELS if texts is None else None].tolist()
            options = {str(digit): float(scores[digit]) for digit in labels}
            ends.setdefault(candidate[1], []).append((candidate, options))
    for run, component in components.items():
        if run[0] in row:
            other = _log_likelihood_of_other(component)
            ends.setdefault(run[1], []).append((run, {OTHER: other}))
    following = None if texts is None else _following(texts)
    best: dict[int, list[Joined]] = {row.start - 1: [Joined(0.0)]}
    for segment in row:
        found = [_extended(kept, None, _log(_MIN_PROBABILITY), "") for kept in best[segment - 1]]
        for run, options in ends.get(segment, []):
            for kept in best[run[0] - 1]:
                wanted = options if following is None else (OTHER, *following[kept.read])
                found += [
                    _extended(kept, run, options[text], text) for text in wanted if text in options
                ]
        by_text: dict[str, Joined] = {}
        for way in found:
            text = way.text if following is None else way.read
            if text not in by_text or by_text[text].score < way.score:
                by_text[text] = way
        ranked = sorted(by_text.values(), key=lambda each: -each.score)
        best[segment] = ranked[: _KEPT if following is None else _KEPT_OF_TEXTS]
    return [each for each in best[row.stop - 1] if texts is None or each.read in texts]


def label_scores(probabilities: Floats) -> Floats:
    """What each label adds to the log likelihood of a digit, given their probabilities: [10]."""
    scores: Floats = _CONFIDENCE * np.log(np.maximum(probabilities, _MIN_PROBABILITY))
    return scores


def _following(texts: Sequence[str]) -> dict[str, str]:
    """The characters that may follow each beginning of these texts."""
    following = dict.fromkeys(("", *texts), "")
    for text in texts:
        for index, character in enumerate(text):
            known = following.setdefault(text[:index], "")
            if character not in known:
                following[text[:index]] = known + character
    return following


def _extended(joined: Joined, run: Candidate | None, score: float, text: str) -> Joined:
    digits, others = joined.digits, joined.others
    if run and text == OTHER:
        others = (*others, run)
    elif run:
        digits = (*digits, run)
    return Joined(joined.score + score, digits, others, joined.text + text)


def is_unambiguous(prediction: DigitPrediction) -> bool:
    """Whether no two digits could be more likely in its place, as they would have to be cut."""
    _, _, width, height = prediction.prepared.box
    excess = max(0.0, width / height - 1)
    likelihood = prediction.confidence * prediction.digit_score * np.exp(-WIDTH_COST * excess**2)
    return float(np.log(max(likelihood, _MIN_PROBABILITY))) >= -CUT_COST


def uncovered(candidates: Collection[Candidate], count: int) -> set[int]:
    """The numbers of the `count` segments that are in none of these candidates."""
    covered = {segment for first, last in candidates for segment in range(first, last + 1)}
    return set(range(1, count + 1)) - covered


def _log_likelihood(evidence: Evidence) -> float:
    """Of being a digit at all."""
    place = evidence.place
    score = _log(evidence.prediction.digit_score)
    width = _log(place.width / max(place.height, 1))
    return (
        _DIGIT
        + _SCORE * score
        + _LOW_SCORE * min(0.0, score - _DOUBTFUL)
        + _CUT * place.cuts
        + _WIDTH * width
        + _WIDTH_SQUARED * width**2
        + _LOW * max(0.0, _USUAL_HEIGHT - place.relative_height)
        + _NO_MARK * _log(1 - evidence.mark)
    )


def _log_likelihood_of_other(component: Component) -> float:
    """Of being neither a digit nor several."""
    place = component.place
    width = _log(place.width / max(place.height, 1))
    return (
        _OTHER
        + _NONE * _log(1 - component.digit_score * (1 - component.mark))
        + _MARK * component.mark
        + _OTHER_WIDTH * width
        + _OTHER_WIDE * max(0.0, width)
        + _OTHER_LOW * max(0.0, _USUAL_HEIGHT - place.relative_height)
    )


def _log(number: float) -> float:
    return float(np.log(max(number, _MIN_PROBABILITY)))
