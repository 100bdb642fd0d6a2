"""The trainer's commands as child processes: watched, and killed with all that they started."""

import sys
import time

import psutil
import pytest

from webapp.retraining.process import in_background, run_watched

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid)
time.sleep(60)
"""


class Enough(Exception):
    pass


def test_lines_are_passed_on_as_they_come_and_the_status_is_returned(tmp_path):
    lines = []
    command = ["sh", "-c", "echo figures; echo trouble >&2; pwd; exit 3"]
    status = run_watched(command, tmp_path, lambda *line: lines.append(line), lambda: None)
    assert status == 3
    assert [line for stream, line in lines if stream == "err"] == ["trouble\n"]
    assert [line for stream, line in lines if stream == "out"] == ["figures\n", f"{tmp_path}\n"]


def test_an_error_in_a_check_kills_the_command_and_its_children(tmp_path):
    pids = []

    def check() -> None:
        if pids:
            raise Enough

    with pytest.raises(Enough):
        run_watched(
            [sys.executable, "-c", STUBBORN],
            tmp_path,
            lambda _stream, line: pids.append(int(line)),
            check,
        )
    for _ in range(100):
        if not psutil.pid_exists(pids[0]):
            break
        time.sleep(0.05)
    assert not psutil.pid_exists(pids[0]) or psutil.Process(pids[0]).status() == "zombie"


def test_a_command_can_be_ended_while_it_is_still_starting(tmp_path):
    for _ in range(5):
        began = time.monotonic()
        with in_background(["sleep", "60"], tmp_path) as process:
            pass
        assert process.returncode == -9
        assert time.monotonic() - began < 10
