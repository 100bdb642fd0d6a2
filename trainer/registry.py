"""Registries: objects known by name, such as architectures and data sets."""

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
    """A suggestion, for an error message, for a name that is not among the known ones."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "known: " + ", ".join(names) if names else "there are none"


class Registry(Generic[T]):
    """A mapping of names to objects that are registered by decorators in the modules of a package.

    To add an object, add a file with a decorated definition to the package: all modules of the
    package are imported at the first lookup, so nothing else has to be edited.
    """

    def __init__(self, kind: str, package: str) -> None:
        """`kind` is what error messages call the objects; `package` is the package's full name."""
        self._kind = kind
        self._package = package
        self._objects: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorate an object to register it. Raises `ValueError` if the name is taken."""

        def add(entry: T) -> T:
            if name in self._objects:
                raise ValueError(f"{self._kind} {name!r} is registered twice")
            self._objects[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        """Look up an object. Raises `TrainerError`, with the closest name, if it is unknown."""
        self._import_all()
        try:
            return self._objects[name]
        except KeyError:
            raise TrainerError(f"there is no {self._kind} {name!r}; {hint(name, self)}") from None

    def __iter__(self) -> Iterator[str]:
        """The names, sorted."""
        self._import_all()
        return iter(sorted(self._objects))

    def _import_all(self) -> None:
        package: ModuleType = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
