"""Thousands of requests: memory and open files stop growing."""

from __future__ import annotations

from itertools import pairwise

import psutil
import pytest

from tests.chaos.conftest import Site, StartSite
from tests.chaos.load import Load

WARM_UP, ROUND, ROUNDS = 700, 600, 3
"""Requests: until every pool, cache and thread is there, and in each of the measured rounds."""
MAY_GROW = 3 << 20
"""Bytes that all workers may gain in each round, as they do if each request loses 5 kB.

A leak grows in every round, and what is made once, such as a thread's memory, in one of them.
"""
SPARE_FILES = 10
"""Connections that happen to be open when the files are counted."""


def used(site: Site) -> tuple[int, int]:
    """Bytes of memory and open files of all workers."""
    workers = [psutil.Process(pid) for pid in site.server.workers()]
    return sum(each.memory_info().rss for each in workers), sum(each.num_fds() for each in workers)


@pytest.mark.long
def test_memory_and_open_files_stop_growing(start_site: StartSite):
    site = start_site()
    workers = site.server.workers()
    measured = []
    for requests in (WARM_UP, *[ROUND] * ROUNDS):
        with site.load(kinds=(*Load.KINDS, "nonsense")) as load:
            load.wait_for(requests)
        site.check_stored(load)
        refused = [each for each in load.answers if each.status not in {200, 201}]
        assert {(each.kind, each.status) for each in refused} == {("nonsense", 400)}, refused
        measured.append(used(site))
    assert site.server.workers() == workers
    growth = [after[0] - before[0] for before, after in pairwise(measured)]
    assert min(growth) < MAY_GROW, measured
    assert measured[-1][1] <= measured[0][1] + SPARE_FILES, measured
