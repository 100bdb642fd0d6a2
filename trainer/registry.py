"""Things known by name: architectures and data sets."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Generic, TypeVar

from trainer.errors import TrainerError

T = TypeVar("T")


def hint(name: str, known: Iterable[str]) -> str:
    """What somebody who wrote this unknown name may have meant."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "known: " + ", ".join(names) if names else "there are none"


class Registry(Generic[T]):
    """Names to things, filled by decorators in the modules of one package.

    A new thing joins by one new file in that package; it is imported at the first look-up.
    """

    def __init__(self, kind: str, package: str) -> None:
        self._kind = kind
        self._package = package
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        def add(thing: T) -> T:
            if name in self._things:
                raise ValueError(f"two things register as {self._kind} {name!r}")
            self._things[name] = thing
            return thing

        return add

    def __getitem__(self, name: str) -> T:
        """Raise `TrainerError`, naming the nearest name, for one that is not known."""
        self._import_all()
        try:
            return self._things[name]
        except KeyError:
            raise TrainerError(f"there is no {self._kind} {name!r}; {hint(name, self)}") from None

    def __iter__(self) -> Iterator[str]:
        self._import_all()
        return iter(sorted(self._things))

    def _import_all(self) -> None:
        package: ModuleType = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
