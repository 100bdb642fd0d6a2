"""Names for the NumPy arrays that the packages pass around."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""An image: always uint8, [height, width] (gray), [height, width, 3] (RGB), [height, width, 4]
(RGBA), or a batch of gray ones, [n, height, width]. OpenCV's stubs do not know the dtype."""

Floats = NDArray[np.float64]
"""Logits, probabilities or scores: float64; each function gives the shape."""

Labels = NDArray[np.int64]
"""Class labels: int64 [n], 0..9 for a digit and `labels.NOT_A_DIGIT` for anything else."""
