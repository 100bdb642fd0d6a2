"""Thousands of requests: memory and open files stop growing."""

from __future__ import annotations

import psutil

from tests.chaos.conftest import Site, StartSite
from tests.chaos.load import Load

WARM_UP, ROUND = 800, 1_200
"""Requests: until every pool, cache and thread is there, and in each of the measured rounds."""
MAY_GROW = 6 << 20
"""Bytes that all workers may gain in a round; 5 kB lost in each request would be as many."""
SPARE_FILES = 10
"""Connections that happen to be open when the files are counted."""


def used(site: Site) -> tuple[int, int]:
    """Bytes of memory and open files of all workers."""
    workers = [psutil.Process(pid) for pid in site.server.workers()]
    return sum(each.memory_info().rss for each in workers), sum(each.num_fds() for each in workers)


def test_memory_and_open_files_stop_growing(start_site: StartSite):
    site = start_site()
    workers = site.server.workers()
    measured = []
    for requests in (WARM_UP, ROUND, ROUND):
        with site.load(kinds=(*Load.KINDS, "nonsense")) as load:
            load.wait_for(requests)
        site.check_stored(load)
        assert {each.status for each in load.answers} == {200, 201, 400}, load.statuses
        measured.append(used(site))
    assert site.server.workers() == workers
    (before, files_before), (after, files_after) = measured[1:]
    assert after - before < MAY_GROW, measured
    assert files_after <= files_before + SPARE_FILES, measured
