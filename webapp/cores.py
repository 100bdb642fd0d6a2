"""How many cores this process may use: in a container fewer than the machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_V2 = "0::"
_NO_LIMIT = {"max", "-1"}


def available_cores(root: Path = Path("/")) -> int:
    """The whole cores that this process may use, at least one.

    Those that it may run on (a container's `--cpuset-cpus` counts among others), or fewer where a
    control group has a quota (`--cpus`, a limit of Kubernetes), rounded down: more processes than
    that are suspended in the middle of their requests. `root` is the file system with `/proc` and
    `/sys`.
    """
    return max(1, min([_allowed_cores(), *map(int, _quotas(root))]))


def quota_cores(root: Path = Path("/")) -> int | None:
    """`available_cores` where a quota makes them fewer than those it may run on; otherwise None.

    Most programs ask which cores they may run on, and know nothing of quotas.
    """
    cores = available_cores(root)
    return cores if cores < _allowed_cores() else None


def _allowed_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """The quotas, in cores, of the control groups that this process is in, and of those around."""
    for folder in _groups(root):
        with suppress(OSError, ValueError, ZeroDivisionError):  # no such file, or another format
            quota, period = _quota_and_period(folder)
            if quota not in _NO_LIMIT:
                yield float(quota) / float(period)


def _quota_and_period(folder: Path) -> tuple[str, str]:
    """Microseconds of processor time in each period, and the period; as text."""
    if (v2 := folder / "cpu.max").exists():
        quota, period = v2.read_text("utf-8").split()
        return quota, period
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    quota, period = ((folder / name).read_text("utf-8").strip() for name in names)
    return quota, period


def _groups(root: Path) -> Iterator[Path]:
    """The folders of the groups that may limit the processor, innermost first.

    In a container the path may be the host's, which is not mounted: then only the mount point is
    there, which is the container's own group.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:  # not Linux
        return
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        _number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if line.startswith(_V2):
            mount = mounted
        elif "cpu" in controllers.split(","):
            mount = mounted / controllers
        else:
            continue
        inner = PurePosixPath(path.lstrip("/"))
        if ".." not in inner.parts:  # a group outside of this namespace
            yield from (mount / each for each in (inner, *inner.parents))
