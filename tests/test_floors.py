"""The layers of both packages: imports go down, never up, and never in a circle.

In the maps below, a module or package may import from the lines below its own. Those on the same
line do not import each other.
"""

import ast
import tomllib
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

MAPS = {
    "webapp": """
        __main__  gunicorn.conf
        cli  app  gunicorn_worker  gunicorn_logger
        api  pages  admin
        visitor  admin_session
        problems  cost
        importing  doctor
        feedback
        services
        limits
        retraining
        inference
        http
        readiness  secret
        storage
        authenticator
        settings  schemas  threads  master  archives
        translatable  logs  cores
    """,
    "trainer": """
        __main__
        cli
        export  row_export  upgrade
        report  onnx_graph  quantization
        evaluation
        training
        models
        data
        recognition
        registry
        errors  atomic  paths  progress
    """,
    "trainer.recognition": """
        occlusion
        recognizer  scaled
        wiring_trace  wiring_proof
        model_inputs
        bundle
        segmentation
        prediction
        preprocess
        image  strokes  activation_layout
        animation  cut_picture  file_structure
        jpeg_structure  tiff_structure  isolated  wiring  onnx_file
        isolated_process
        labels  array_types  session  lazy
    """,
}

OPEN_TO_WEBAPP = "trainer.recognition"
"""All of the trainer that the web app may import: the part without torch."""

Graph = dict[str, set[str]]


def read_imports(root: Path) -> Graph:
    """The modules of both packages under `root`, each with the modules of them that it imports.

    Imports within functions and under `TYPE_CHECKING` count as well.
    """
    files = {
        module_name(path.relative_to(root)): path
        for package in ("webapp", "trainer")
        for path in (root / package).rglob("*.py")
    }
    graph: Graph = {}
    for name, path in files.items():
        named = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} has a relative import"
                named |= {
                    full if (full := f"{node.module}.{alias.name}") in files else node.module
                    for alias in node.names
                }
        graph[name] = named & files.keys()
    return graph


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def room_and_floor(module: str, package: str) -> tuple[str, int] | None:
    """The room of a module on a package's map, and how many lines are below it."""
    inside = module.removeprefix(package + ".")
    for floor, line in enumerate(reversed(MAPS[package].split("\n"))):
        for room in line.split():
            if inside == room or inside.startswith(room + "."):
                return room, floor
    return None


def within(module: str, package: str) -> bool:
    return module.startswith(package + ".")


def goes_up(importer: str, imported: str, package: str) -> bool:
    """Whether an import within a package leads to another room that is not below."""
    if not (within(importer, package) and within(imported, package)):
        return False
    origin, target = room_and_floor(importer, package), room_and_floor(imported, package)
    if origin is None or target is None:  # `test_every_module_is_on_a_map` tells
        return False
    return origin[0] != target[0] and origin[1] <= target[1]


def leaves_the_package_wrongly(importer: str, imported: str) -> bool:
    if within(importer, "trainer"):
        return within(imported, "webapp")
    return (imported == "trainer" or within(imported, "trainer")) and not (
        imported == OPEN_TO_WEBAPP or within(imported, OPEN_TO_WEBAPP)
    )


def violations(graph: Graph) -> set[tuple[str, str]]:
    return {
        (importer, imported)
        for importer, all_imported in graph.items()
        for imported in all_imported
        if leaves_the_package_wrongly(importer, imported)
        or any(goes_up(importer, imported, package) for package in MAPS)
    }


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read_imports(Path(__file__).parent.parent)


def test_no_import_goes_up_or_into_a_closed_package(graph):
    assert violations(graph) == set()


def test_no_modules_import_each_other_in_a_circle(graph):
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_every_module_is_on_a_map(graph):
    lost = [
        f"{module} is not on the map of {package}"
        for module in graph
        for package in MAPS
        if within(module, package) and room_and_floor(module, package) is None
    ]
    assert lost == []


@pytest.mark.parametrize(
    ("importer", "line", "imported"),
    [
        ("webapp/storage/new.py", "import webapp.http.errors", "webapp.http.errors"),
        ("webapp/storage/new.py", "def f(): from webapp.http import errors", "webapp.http.errors"),
        (
            "webapp/http/new.py",
            "if TYPE_CHECKING: from webapp.services import Services",
            "webapp.services",
        ),
        ("webapp/api/new.py", "from webapp.admin import auth", "webapp.admin.auth"),
        ("webapp/inference/new.py", "from trainer import training", "trainer.training"),
        ("webapp/inference/new.py", "from trainer import __version__", "trainer"),
        ("trainer/training/new.py", "from webapp.services import x", "webapp.services"),
        ("trainer/data/new.py", "from trainer.training import x", "trainer.training"),
    ],
)
def test_an_upward_import_is_found_wherever_it_stands(tmp_path, importer, line, imported):
    for name in (
        "webapp/http/errors.py",
        "webapp/admin/auth.py",
        "webapp/services.py",
        "trainer/__init__.py",
        "trainer/training/__init__.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / importer).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / importer).write_text(line)
    assert violations(read_imports(tmp_path)) == {(module_name(Path(importer)), imported)}


def test_nothing_needs_a_package_that_is_for_development_alone():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    installed = [
        *project["dependencies"],
        *chain(*(extras[name] for name in extras if name != "dev")),
    ]
    needed = {Requirement(each).name for each in installed}
    for_development = {Requirement(each).name for each in extras["dev"]} - needed
    modules = {
        module
        for module, distributions in packages_distributions().items()
        if not {each.lower() for each in distributions} - for_development
    }
    assert "torchvision" in modules
    for path in chain((ROOT / "trainer").rglob("*.py"), (ROOT / "webapp").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Constant):  # as for `find_spec`
                names = [node.value]
            assert not modules & {str(name).partition(".")[0] for name in names}, path
