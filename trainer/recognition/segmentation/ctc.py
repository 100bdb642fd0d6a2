"""Texts and their likelihoods, from what a sequence model says of each column of a row.

Connectionist temporal classification (Graves et al. 2006): in each column there is one of the ten
digits or a blank; a text is read by any sequence that gives it once repeated classes are merged and
blanks are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from trainer.recognition.array_types import Floats
from trainer.recognition.labels import DIGITS

BLANK = DIGITS
"""The class of columns without a digit of their own."""

_BEAM = 8  # beginnings of texts that are followed
_LIKELY = 0.1
_LEAST = 1e-4  # probability of a class that is followed


class RowReading:
    """What a sequence model says of a row."""

    def __init__(self, columns: Floats, count: int) -> None:
        """`columns` are as for `log_likelihoods`; `count` is that of the likeliest texts."""
        self.texts = likeliest_texts(columns, count)
        """At most `count` texts, about the likeliest ones, the likeliest first."""
        self._columns = columns
        self._known: dict[str, float] = {}

    @property
    def is_likely(self) -> bool:
        """Whether the likeliest text has a probability of at least `_LIKELY`: it is of digits."""
        return self.log_likelihoods(self.texts[:1])[0] >= np.log(_LIKELY)

    def log_likelihoods(self, texts: Sequence[str]) -> list[float]:
        """The log likelihood of each of these texts of digits; what was asked before is kept."""
        if new := sorted(set(texts) - self._known.keys()):
            self._known |= zip(new, log_likelihoods(self._columns, new).tolist(), strict=True)
        return [self._known[text] for text in texts]


def log_likelihoods(columns: Floats, texts: Sequence[str]) -> Floats:
    """The log likelihood of each of at least one text of digits, float64 [texts].

    `columns` are the log probabilities of the classes in each column, float64 [columns, 11]. A text
    that is too long for them gets minus infinity.
    """
    longest = max(map(len, texts))
    states = np.full((len(texts), 2 * longest + 1), BLANK)
    for index, text in enumerate(texts):
        states[index, 1 : 2 * len(text) : 2] = [int(digit) for digit in text]
    may_skip = np.zeros(states.shape, bool)
    may_skip[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    reached = np.full((len(texts), states.shape[1] + 2), -np.inf)
    reached[:, 2] = 0.0  # before the first column: as if a blank had been there
    for column in columns:
        skipping = np.where(may_skip, reached[:, :-2], -np.inf)
        before = np.logaddexp(np.logaddexp(reached[:, 2:], reached[:, 1:-1]), skipping)
        reached[:, 2:] = before + column[states]
    ends = 2 * np.array([len(text) for text in texts])
    every = np.arange(len(texts))
    return np.logaddexp(reached[every, ends + 2], np.where(ends, reached[every, ends + 1], -np.inf))


def likeliest_texts(columns: Floats, count: int) -> list[str]:
    """About the likeliest texts of digits, at most `count`, the likeliest first.

    Prefix beam search over `columns`, which are as for `log_likelihoods`.
    """
    # Of each beginning, the probability of the sequences that end in a blank, and in its last digit
    beam: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for column in np.exp(columns):
        followed = np.flatnonzero(column[:DIGITS] >= _LEAST).tolist()
        blank = float(column[BLANK])
        found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (in_blank, in_digit) in beam.items():
            found[text][0] += blank * (in_blank + in_digit)
            for digit in followed:
                chance, longer = float(column[digit]), text + str(digit)
                if text and text[-1] == str(digit):
                    found[text][1] += chance * in_digit
                    found[longer][1] += chance * in_blank
                else:
                    found[longer][1] += chance * (in_blank + in_digit)
        kept = sorted(found.items(), key=lambda each: -sum(each[1]))[:_BEAM]
        total = sum(sum(chances) for _, chances in kept) or 1.0  # products would underflow
        beam = {text: (ends[0] / total, ends[1] / total) for text, ends in kept}
    return list(beam)[:count]
