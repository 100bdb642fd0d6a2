"""The classes: the ten digits, and everything that is not a digit."""

from __future__ import annotations

import re

DIGITS = 10
"""The number of digit classes; their labels are 0..9."""

NOT_A_DIGIT = 10
"""The label of letters, scribbles and anything else that is not a digit."""

NOT_A_DIGIT_NAME = "not_a_digit"
"""The name of that class in folders, files and the HTTP interface."""

LABELS = {str(digit): digit for digit in range(DIGITS)} | {NOT_A_DIGIT_NAME: NOT_A_DIGIT}
"""Label by class name: "0" to "9", and `NOT_A_DIGIT_NAME`."""

NUMBER_PATTERN = "[0-9]+(\\n[0-9]+)*"
"""Regular expression of a number's text: its digits, with a line feed between rows."""


def is_number(label: str) -> bool:
    """Whether the label of a drawing is a number of several digits."""
    return len(label) > 1 and re.fullmatch(NUMBER_PATTERN, label, re.ASCII) is not None


def label_name(label: int) -> str:
    """The class name of a label: "0" to "9", or `NOT_A_DIGIT_NAME`."""
    return NOT_A_DIGIT_NAME if label == NOT_A_DIGIT else str(label)
