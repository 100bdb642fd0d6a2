"""Command-line options generated from the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
import msgspec.inspect as msi

F = TypeVar("F", bound=Callable[..., Any])


def options_of(
    kind: type, extra_choices: Mapping[str, Sequence[str]] | None = None
) -> Callable[[F], F]:
    """Decorate a command with one option per field of a dataclass that has a description.

    A bool becomes a pair of flags, and a `Literal` a choice, to which `extra_choices` adds values
    by field name. Raises `TypeError` if `kind` is not a dataclass.
    """
    (info,) = msi.multi_type_info([kind])
    if not isinstance(info, msi.DataclassType):
        raise TypeError(f"{kind} is not a dataclass")
    fields = info.fields

    def decorate(command: F) -> F:
        for each in reversed(fields):
            if isinstance(each.type, msi.Metadata):
                choices = (extra_choices or {}).get(each.name, ())
                command = _option(each, each.type, choices)(command)
        return command

    return decorate


def _option(
    field: msi.Field, description: msi.Metadata, extra_choices: Sequence[str]
) -> Callable[[F], F]:
    help_text = (description.extra_json_schema or {})["description"]
    kind = _without_none(description.type)
    name = "--" + field.name.replace("_", "-")
    if isinstance(kind, msi.BoolType):
        off = (description.extra or {}).get("off", f"--no-{name[2:]}")
        return click.option(f"{name}/{off}", default=field.default, help=help_text)
    parameter_type = _parameter_type(kind, extra_choices)
    return click.option(name, type=parameter_type, default=field.default, help=help_text)


def _without_none(kind: msi.Type) -> msi.Type:
    if isinstance(kind, msi.UnionType):
        (kind,) = (each for each in kind.types if not isinstance(each, msi.NoneType))
    return kind


def _parameter_type(kind: msi.Type, extra_choices: Sequence[str]) -> click.ParamType:
    if isinstance(kind, msi.LiteralType):
        return click.Choice([*map(str, kind.values), *extra_choices])
    if isinstance(kind, msi.IntType):
        return click.IntRange(min=kind.ge, max=kind.le)
    if isinstance(kind, msi.FloatType):
        return click.FloatRange(
            min=kind.ge if kind.gt is None else kind.gt,
            max=kind.le if kind.lt is None else kind.lt,
            min_open=kind.gt is not None,
            max_open=kind.lt is not None,
        )
    return click.STRING
