"""Serving processes by what a container may use."""

import os

import pytest

from webapp.cores import available_cores, quota_cores

HOST_CORES = 8


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Write the files of control groups; the process may run on eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(HOST_CORES)), raising=False)

    def write(**files: str):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


V1 = "sys/fs/cgroup/cpu,cpuacct/"
OF_V1 = {"proc/self/cgroup": "5:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n3:cpuset:/docker/ab\n"}
OF_V2 = {"proc/self/cgroup": "0::/\n"}


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, HOST_CORES),
        (OF_V2, HOST_CORES),  # the root group has no such file
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "max 100000\n"}, HOST_CORES),
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "100000 100000\n"}, 1),
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2),
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "1600000 100000\n"}, HOST_CORES),
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "who knows\n"}, HOST_CORES),
        (OF_V2 | {"sys/fs/cgroup/cpu.max": "100000 0\n"}, HOST_CORES),
        (
            {
                "proc/self/cgroup": "0::/system.slice/inkling.service\n",
                "sys/fs/cgroup/system.slice/cpu.max": "300000 100000\n",
                "sys/fs/cgroup/system.slice/inkling.service/cpu.max": "max 100000\n",
            },
            3,
        ),
        (OF_V1, HOST_CORES),
        (
            OF_V1 | {V1 + "cpu.cfs_quota_us": "-1\n", V1 + "cpu.cfs_period_us": "100000\n"},
            HOST_CORES,
        ),
        # Inside a container only its own group is mounted, whatever its path is on the host.
        (OF_V1 | {V1 + "cpu.cfs_quota_us": "200000\n", V1 + "cpu.cfs_period_us": "100000\n"}, 2),
        (
            OF_V1
            | {
                V1 + "docker/ab/cpu.cfs_quota_us": "150000\n",
                V1 + "docker/ab/cpu.cfs_period_us": "50000\n",
            },
            3,
        ),
        ({"proc/self/cgroup": "0::/../../elsewhere\n"}, HOST_CORES),
    ],
)
def test_a_quota_counts_wherever_it_is_set(machine, files, cores):
    assert available_cores(machine(**files)) == cores


def test_the_cores_that_a_process_may_run_on_count(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {2, 5}, raising=False)
    assert available_cores(machine(**OF_V2, **{"sys/fs/cgroup/cpu.max": "400000 100000"})) == 2


def test_a_quota_is_told_where_it_is_the_limit(machine):
    assert quota_cores(machine(**OF_V2)) is None
    assert quota_cores(machine(**OF_V2 | {"sys/fs/cgroup/cpu.max": "50000 100000\n"})) == 1
    assert quota_cores(machine(**OF_V2 | {"sys/fs/cgroup/cpu.max": "1600000 100000\n"})) is None
