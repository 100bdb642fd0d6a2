"""The floors within `trainer.recognition`: modules import only those below them."""

import ast
from pathlib import Path

import trainer.recognition

ROOT = Path(trainer.recognition.__file__).parent
FLOORS = (
    *("array_types", "labels", "image", "strokes", "preprocess", "prediction", "segmentation"),
    *("bundle", "recognizer", "occlusion"),
)
PREFIX = "trainer.recognition."


def imported_modules(file: Path) -> set[str]:
    """The modules of the trainer that a file imports, by their full names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "trainer.recognition":
                found |= {PREFIX + alias.name for alias in node.names}
            else:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.partition(".")[0] == "trainer"}


def module_name(file: Path) -> str:
    """The full name of a module within `trainer.recognition`."""
    name = PREFIX + ".".join(file.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def test_recognition_imports_nothing_else_of_the_trainer_but_atomic_writes():
    for file in ROOT.rglob("*.py"):
        outside = {name for name in imported_modules(file) if not name.startswith(PREFIX)}
        allowed = {"trainer.atomic"} if file == ROOT / "bundle" / "store.py" else set()
        assert outside <= allowed, file


def test_each_floor_imports_only_those_below_it():
    seen = set()
    for file in ROOT.rglob("*.py"):
        own = file.relative_to(ROOT).with_suffix("").parts[0]
        if own == "__init__":
            continue
        seen.add(own)
        for name in imported_modules(file):
            if name.startswith(PREFIX):
                floor = name.removeprefix(PREFIX).partition(".")[0]
                assert FLOORS.index(floor) <= FLOORS.index(own), f"{file} imports {name}"
    assert seen == set(FLOORS)


def test_no_modules_of_recognition_import_each_other_in_a_circle():
    files = {module_name(file): file for file in ROOT.rglob("*.py")}
    edges = {name: imported_modules(file) & files.keys() for name, file in files.items()}
    while ground := {name for name, below in edges.items() if not below & edges.keys()}:
        edges = {name: below for name, below in edges.items() if name not in ground}
    assert not edges
