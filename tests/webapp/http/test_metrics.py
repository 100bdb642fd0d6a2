"""Metrics: their labels are few whatever clients send, and they never fail a request."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need


def test_invented_methods_and_paths_become_no_label_values(client):
    for number in range(30):
        client.open(f"/invented-{number}", method=f"INVENTED{number}")
        client.open("/api/v1/predict", method=f"X{number}")
        client.post("/api/v1/predict", json={"image": "", "model": f"invented-{number}"})
    text = client.get("/metrics").text
    assert not re.search(r"(?i)invented|\"X\d", text)
    assert 'method="other"' in text


USE = """
import sys
from webapp.app import create_app
from webapp.settings import Settings
client = create_app(Settings(home="/nonexistent")).test_client()
def ask(*paths):
    for path in paths:
        assert client.get(path).status_code in {200, 404}, path
def fill(folder):
    try:
        with open(folder + "/rest", "ab", buffering=0) as file:
            while True:
                file.write(bytes(1000))
    except OSError:
        pass
"""
PAGES = "/", "/healthz", "/models", "/about", "/explain", "/compare", "/api/docs", "/nothing"


def use(folder: Path, code: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", USE + code],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr  # -7 is SIGBUS


@pytest.mark.parametrize("when", ["before the first request", "later"])
def test_a_deleted_folder_fails_no_request(tmp_path, when):
    folder = tmp_path / "metrics"
    folder.mkdir()
    first = f"ask{PAGES[:1]!r}" if when == "later" else ""
    code = f"""
import shutil
{first}
shutil.rmtree({str(folder)!r})
ask{PAGES!r}
answer = client.get("/metrics")
assert answer.status_code == 503, answer.status_code
assert "Retry-After" in answer.headers
"""
    use(folder, code)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    mounts = shutil.which("mount") and os.geteuid() == 0
    if not mounts or subprocess.run(command, check=False, capture_output=True).returncode:
        need(False, "only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_from_the_start_kills_nobody(small_disk):
    use(small_disk, f"fill({str(small_disk)!r})\nask{PAGES!r}\nclient.get('/metrics')")


def test_a_disk_that_becomes_full_kills_nobody(small_disk):
    """The file of the counters is there; it grows with the labels."""
    code = f"""
ask{PAGES[:2]!r}
fill({str(small_disk)!r})
from webapp.http import metrics
for number in range(1000):
    metrics.count_prediction(f"model {{number}}", "certain")
ask{PAGES!r}
answer = client.get("/metrics")
assert answer.status_code == 200
assert "inkling_requests_total" in answer.text
"""
    use(small_disk, code)


def test_counting_goes_on_when_there_is_room_again(small_disk):
    code = f"""
import os
from webapp.http import metrics
metrics._COUNT_AGAIN_AFTER = 0.0
fill({str(small_disk)!r})
ask{PAGES!r}
os.remove({str(small_disk / "rest")!r})
ask{PAGES!r}
assert 'route="/"' in client.get("/metrics").text
"""
    use(small_disk, code)
