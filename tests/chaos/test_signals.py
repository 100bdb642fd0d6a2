"""Workers and masters that end, or are replaced, while requests come in."""

import os
import signal
from pathlib import Path

import psutil

from tests.chaos.conftest import Site
from tests.chaos.load import Load, until

CLIENTS = 4


def replaced(site: Site, victims: set[int]) -> bool:
    """Whether two others have taken the place of these workers, and answer."""
    workers = site.server.workers()
    return len(workers) == 2 and not workers & victims and all(map(is_serving, workers))


def is_serving(pid: int) -> bool:
    """Whether a worker has loaded what it needs."""
    return "/onnxruntime/" in Path(f"/proc/{pid}/maps").read_text()


def end_one(site: Site, how: signal.Signals) -> Load:
    site.longest  # noqa: B018 - measured before it happens
    with site.load(CLIENTS) as load:
        load.wait_for(20)
        victim = min(site.server.workers())
        os.kill(victim, how)
        until(lambda: replaced(site, {victim}))
        load.wait_for(40)
    return load


def test_a_killed_worker_loses_no_more_than_what_it_was_answering(site):
    load = end_one(site, signal.SIGKILL)
    site.check(load, site.longest, lost=CLIENTS)


def test_a_worker_that_is_told_to_end_loses_nothing(site):
    load = end_one(site, signal.SIGTERM)
    site.check(load, site.longest)
    assert site.get("/metrics").status == 200


SLOW_START = """
def before_workers_begin():
    import time
    time.sleep(2)
"""


def test_a_reload_loses_nothing_and_waits_for_the_new_workers(start_site):
    """Also where they need long to start; and a reloaded site drains as any other."""
    site = start_site(change=SLOW_START, INKLING_DRAIN_SECONDS="2")
    longest = site.longest
    with site.load(CLIENTS) as load:
        before = site.server.workers()
        site.server.process.send_signal(signal.SIGHUP)
        until(lambda: not site.server.workers() & before)
        load.wait_for(20)
        site.server.process.send_signal(signal.SIGTERM)
        until(lambda: site.faults()[:2] == (503, "draining"))
        load.wait_for(12)
    site.check(load, longest)
    assert site.server.process.wait(40) == 0


def test_a_killed_master_leaves_no_worker_behind(start_site):
    site = start_site()
    workers = [psutil.Process(pid) for pid in site.server.workers()]
    with site.load(CLIENTS) as load:
        load.wait_for(20)
        site.server.process.kill()
        _gone, alive = psutil.wait_procs(workers, 40)
    assert not alive
    site.check_stored(load)
