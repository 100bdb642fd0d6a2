"""The wheel: what `pip install .` brings serves the same pages outside the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SERVE = """
import webapp, sys
from pathlib import Path
from webapp.app import create_app
from webapp.settings import Settings
assert Path(webapp.__file__).is_relative_to(sys.argv[1]), webapp.__file__
client = create_app(Settings(home="/nonexistent")).test_client()
for path in sys.argv[2:]:
    response = client.get(path, headers={"Accept-Language": "zh"})
    sys.stdout.write(f"{path} {response.status_code} {len(response.data)}\\n")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel's content in a folder of its own, built from a copy as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    names = ["webapp", "trainer", "static", "templates"]
    for name in names:
        shutil.copytree(
            name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(name, folder / "source" / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--target", folder / "site", folder / "source"],
        check=True,
        cwd=folder,
    )  # fmt: skip
    return folder / "site"


def test_an_installed_inkling_serves_the_same_pages_and_assets(installed, client, tmp_path):
    assets = [
        f"/static/{p.relative_to('static')}" for p in Path("static").rglob("*") if p.is_file()
    ]
    paths = ["/", "/models/inkling", "/about", "/api/docs", "/api/v1/models", *assets]
    result = subprocess.run(
        [sys.executable, "-c", SERVE, installed, *paths],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = []
    for path in paths:
        response = client.get(path, headers={"Accept-Language": "zh"})
        assert response.status_code == 200
        expected.append(f"{path} 200 {len(response.data)}")
    assert result.stdout.splitlines() == expected


def test_every_vendored_library_brings_its_licence(installed):
    for library in (installed / "webapp" / "static" / "vendor").iterdir():
        assert "Permission is hereby granted" in (library / "LICENSE").read_text()
