"""The trainer's commands as child processes: watched, and killed with all that they started."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from webapp.retraining.process import end, has_ended, in_background, run_watched

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


@pytest.mark.parametrize(
    ("quota", "given", "told"),
    [(3, {}, "3 3"), (3, {"OMP_NUM_THREADS": "1"}, "1 3"), (None, {}, "any any")],
)
def test_a_command_is_told_the_cores_of_the_containers_quota(
    tmp_path, monkeypatch, quota, given, told
):
    monkeypatch.setattr("webapp.retraining.process.quota_cores", lambda: quota)
    for name in ("OMP_NUM_THREADS", "PYTHON_CPU_COUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    lines = []
    command = ["sh", "-c", "echo ${OMP_NUM_THREADS-any} ${PYTHON_CPU_COUNT-any}"]
    run_watched(command, tmp_path, lambda *line: lines.append(line), lambda: None)
    assert lines == [("out", f"{told}\n")]


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


@pytest.fixture
def signalled(monkeypatch) -> list[int]:
    """The processes and groups that signals are sent to, each of which has to be ours."""
    numbers: list[int] = []

    def watched(send):
        def sent(number: int, *signal_: int) -> None:
            numbers.append(number)
            stat = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            assert int(stat[1]) == os.getpid()
            send(number, *signal_)

        return sent

    for name in ("kill", "killpg"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    return numbers


def test_no_signal_is_sent_to_the_number_of_a_process_that_was_reaped(tmp_path, signalled):
    assert run_watched(["true"], tmp_path, lambda *_: None, lambda: None) == 0
    with in_background(["sleep", "60"], tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        while not has_ended(process):
            time.sleep(0.01)
        assert process.returncode is None  # not reaped: nobody else can have its number
        end(process)
        assert process.returncode == -9
        del signalled[:]
        end(process)
    assert signalled == []


def test_what_a_command_leaves_running_is_killed_when_it_ends(tmp_path):
    lines = []
    command = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!; exit 3"]
    status = run_watched(command, tmp_path, lambda _stream, line: lines.append(line), lambda: None)
    assert status == 3
    (child,) = map(int, lines)
    for _ in range(200):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie":
            return
        time.sleep(0.05)
    pytest.fail("it goes on unseen")
