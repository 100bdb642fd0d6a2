"""A decorator that declares a view as an operation of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE = "openapi_operation"

Body = type[msgspec.Struct] | type[list[Any]]
"""The type of a response's body: a struct, or a list of structs."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """What the OpenAPI document says about a view beyond its route."""

    name: str
    summary: str
    responses: Mapping[HTTPStatus, tuple[str, Body | None]]
    body: type[msgspec.Struct] | None
    form: bool
    files: bool
    problems: Mapping[HTTPStatus, str]


def operation(
    name: str,
    summary: str,
    *,
    responses: Mapping[HTTPStatus, tuple[str, Body | None]],
    body: type[msgspec.Struct] | None = None,
    form: bool = False,
    files: bool = False,
    problems: Mapping[HTTPStatus, str] | None = None,
) -> Callable[[View], View]:
    """Declare a view as an operation of the API.

    `name` is the operationId. `responses` maps each status to its description and the type of its
    body, None for no body; `problems` maps the status of each error to its description. `body` is
    the type of the JSON body; if `form` is set, a form with an image file may be sent too, or the
    file alone, with the options in the query; if `files` is set, only a form with any number of
    image files and archives of them. Summary and descriptions are message ids, marked with
    `N_`.
    """
    declared = Operation(name, summary, responses, body, form, files, problems or {})

    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, declared)
        return view

    return declare


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """The operation that was declared at a view, if any."""
    declared: Operation | None = getattr(view, _ATTRIBUTE, None)
    return declared
