"""`--preset` and `--config`: option defaults from TOML files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from trainer.cli.main import PATH
from trainer.errors import TrainerError
from trainer.training.recipes import preset, presets, read_options

F = TypeVar("F", bound=Callable[..., Any])


def _use_as_defaults(context: click.Context, parameter: click.Parameter, given: Any) -> None:
    """Use a TOML file's values as option defaults; its keys are the options' long names.

    `--config` takes precedence over `--preset`, in whatever order they are given.
    """
    if given is None:
        return
    file: Path = preset(given) if parameter.name == "preset" else given
    values = read_options(file)
    known = {each.name for each in context.command.params} - {"config", "preset", "resume"}
    if unknown := sorted(values.keys() - known):
        raise TrainerError(f"{file}: there is no option {unknown[0]!r}")
    context.meta[parameter.name] = file  # so that --resume can refuse it
    other = dict(context.default_map or {})
    context.default_map = values | other if parameter.name == "preset" else other | values


def _file_option(name: str, kind: click.ParamType, text: str) -> Callable[[F], F]:
    return click.option(
        name, type=kind, is_eager=True, expose_value=False, callback=_use_as_defaults, help=text
    )


preset_option = _file_option(
    "--preset", click.STRING, "Use the options of a named recipe: " + ", ".join(presets()) + "."
)
config_option = _file_option(
    "--config",
    PATH,
    "TOML file of option values; options on the command line take precedence.",
)
