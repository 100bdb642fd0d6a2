"""`make run` starts the site and the worker together, and Ctrl-C stops both."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.webapp.test_serving import free_port

ROOT = Path(__file__).resolve().parents[1]


def test_make_run_starts_site_and_worker_and_ctrl_c_stops_both(tmp_path):
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("needs the tests to run in the checkout's own .venv")
    port = free_port()
    log = tmp_path / "log"
    environment = {"PORT": str(port), "INKLING_HOME": str(tmp_path), "INKLING_WORKERS": "1"}
    with log.open("wb") as output:
        process = psutil.Popen(
            ["make", "run"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A shell that runs the tests in the background may have set SIGINT to be ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        until(lambda: re.search(r"worker (is )?ready", log.read_text()) is not None, log)
        until(lambda: answers(port), log)
        assert "with the password" in log.read_text()
        processes = [process, *process.children(recursive=True)]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _gone, alive = psutil.wait_procs(processes, timeout=15)
        assert alive == []
    finally:  # whatever was started with this home folder
        for each in psutil.process_iter():
            with suppress(psutil.Error):
                if each.environ().get("INKLING_HOME") == str(tmp_path):
                    each.kill()


def answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as response:
        return response.status == 200
    return False


def until(there: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not there():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
