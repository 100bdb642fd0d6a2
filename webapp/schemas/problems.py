"""Errors."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from webapp.translatable import N_


class ProblemDetails(Struct, kw_only=True):
    """An error (RFC 9457)."""

    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(description=N_("Stable, machine-readable code of the error."))]
    type_: str = field(default="about:blank", name="type")
    request_id: str = ""
