"""Whatever trains runs at the lowest priority, and never outlives its worker."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from webapp.retraining.low_priority import restore_priority

STARTER = """
import subprocess, sys, time
subprocess.Popen(
    [sys.executable, "-m", "webapp.retraining.low_priority", "sleep", "60"], start_new_session=True
)
time.sleep(60)
"""


@pytest.fixture
def starter():
    with psutil.Popen([sys.executable, "-c", STARTER]) as process:
        yield process
        process.kill()


def child_of(process: psutil.Process) -> psutil.Process:
    for _ in range(200):
        for child in process.children():
            if child.name() == "sleep":
                return child
        time.sleep(0.05)
    pytest.fail("nothing was started")


def test_the_command_and_its_session_have_the_lowest_priority(starter):
    child = child_of(starter)
    assert child.nice() == 19
    assert os.sched_getscheduler(child.pid) == os.SCHED_IDLE
    assert os.getsid(child.pid) == child.pid
    group = Path(f"/proc/{child.pid}/autogroup")
    if group.exists() and group.read_text():
        assert group.read_text().split()[-1] == "19"


def test_a_process_that_is_killed_gets_its_usual_priority_back(starter):
    child = child_of(starter)
    restore_priority(child.pid)
    if os.geteuid() == 0:
        assert child.nice() == 0
        assert os.sched_getscheduler(child.pid) == os.SCHED_OTHER
    group = Path(f"/proc/{child.pid}/autogroup")
    if group.exists() and group.read_text():
        assert group.read_text().split()[-1] == "0"
    starter.kill()
    psutil.wait_procs([child], timeout=5)
    restore_priority(child.pid)  # it is gone: nothing to do


def test_the_command_ends_with_its_parent_however_that_ends(starter):
    child = child_of(starter)
    starter.kill()
    assert psutil.wait_procs([child], timeout=5)[1] == []


def test_nobody_else_in_the_session_is_lowered():
    group = Path("/proc/self/autogroup")
    before = group.read_text() if group.exists() else ""
    command = [sys.executable, "-m", "webapp.retraining.low_priority", "true"]
    subprocess.run(command, check=True)
    assert (group.read_text() if group.exists() else "") == before


def test_the_commands_exit_status_is_returned():
    command = [sys.executable, "-m", "webapp.retraining.low_priority", "sh", "-c", "exit 3"]
    assert subprocess.run(command, check=False).returncode == 3
