"""The answer for one of many pictures."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from webapp.schemas.predictions import Prediction
from webapp.schemas.problems import ProblemDetails
from webapp.translatable import N_


class BatchItem(Struct, kw_only=True):
    """One of the pictures that were sent together: its answer, or why there is none."""

    file: Annotated[
        str,
        Meta(
            description=N_(
                "The file's name; of a file in a ZIP archive, its path within the archive."
            )
        ),
    ]
    answer: Prediction | None = None
    problem: ProblemDetails | None = None
