"""The sdist and the wheel: what `pip install` brings serves the same pages outside the checkout."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from trainer.recognition import __version__

SERVE = """
import io, sys, webapp
from pathlib import Path
from PIL import Image
from webapp.app import create_app
from webapp.settings import Settings
assert Path(webapp.__file__).is_relative_to(sys.argv[1]), webapp.__file__
client = create_app(Settings(home="/nonexistent")).test_client()
file = io.BytesIO()
Image.effect_mandelbrot((200, 100), (-3, -2.5, 2, 2.5), 9).save(file, "PNG")
picture = {"image": (io.BytesIO(file.getvalue()), "1.png"), "mode": "number"}
assert client.post("/api/v1/predict", data=picture).status_code == 200
for path in sys.argv[2:]:
    response = client.get(path, headers={"Accept-Language": "zh"})
    sys.stdout.write(f"{path} {response.status_code} {len(response.data)}\\n")
"""


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed wheel, in a folder of its own."""
    site = tmp_path_factory.mktemp("site")
    (wheel,) = dist.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", site, wheel], check=True)
    return site


def test_an_installed_inkling_serves_the_same_pages_and_assets(installed, client, tmp_path):
    assets = [
        f"/static/{p.relative_to('static')}" for p in Path("static").rglob("*") if p.is_file()
    ]
    paths = ["/", "/models/inkling", "/learn", "/about", "/api/docs", "/api/v1/models", *assets]
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


def test_every_vendored_library_brings_its_license(installed):
    for library in (installed / "webapp" / "static" / "vendor").iterdir():
        assert "Permission is hereby granted" in (library / "LICENSE").read_text()


def test_wheel_and_sdist_carry_the_version_of_the_code(dist):
    assert {path.name for path in dist.iterdir()} == {
        f"inkling-{__version__}.tar.gz",
        f"inkling-{__version__}-py3-none-any.whl",
    }


def test_the_sdist_contains_the_sources_of_the_wheel_and_nothing_else(dist):
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/")[1] for name in archive.getnames()}
    assert names == {
        *("webapp", "trainer", "static", "templates"),
        *("pyproject.toml", "README.md", "LICENSE", "PKG-INFO", ".gitignore"),
    }


def test_the_package_index_would_accept_wheel_and_sdist(dist):
    check = [sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir()]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
