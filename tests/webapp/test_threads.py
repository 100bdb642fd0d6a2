"""Lanes: what blocks runs in threads, so that the greenlets of a worker go on."""

import subprocess
import sys
import textwrap
import threading

import pytest

from webapp.threads import Lane, every, in_thread

PATCHED = """
from webapp.gunicorn_worker import Worker
worker = Worker.__new__(Worker)
worker.sockets = []
worker.patch()
from contextvars import ContextVar
from threading import Event, RLock
import gevent
from webapp import threads
from webapp.threads import Lane, Overloaded, in_thread

threads._LONGEST_WAIT = dict.fromkeys(Lane, 60)  # the machine may be busy

def begin(count, function, *arguments):
    # Greenlets that call a function. When this returns, each has run until it had to wait.
    begun = []
    def call():
        begun.append(1)
        return function(*arguments)
    greenlets = [gevent.spawn(call) for _ in range(count)]
    while len(begun) < count:
        gevent.sleep(0.001)
    return greenlets

def occupy(lane, count):
    # Let so many threads of a lane wait for the event that is returned with their greenlets.
    held, holding = Event(), []
    def hold():
        holding.append(1)
        return held.wait()
    greenlets = begin(count, in_thread, lane, hold)
    while len(holding) < count:
        gevent.sleep(0.001)
    return held, greenlets
"""


def run_patched(code: str) -> None:
    """Run code in a process whose standard library is patched as a worker's is."""
    # Threads may be finishing still, and would race with the end of the interpreter.
    script = PATCHED + textwrap.dedent(code) + "\nimport os; os._exit(0)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_greenlets_run_while_a_thread_blocks():
    run_patched("""
        held = Event()
        [waiting] = begin(1, in_thread, Lane.DATABASE, held.wait)
        assert not waiting.ready()
        held.set()
        assert waiting.get(timeout=30)
    """)


def test_one_lane_is_not_held_up_by_another():
    run_patched("""
        held = Event()
        blocked = begin(10, in_thread, Lane.COMPUTE, held.wait)
        assert in_thread(Lane.DATABASE, int, "7") == 7
        held.set()
        gevent.joinall(blocked, timeout=30, raise_error=True)
    """)


def test_what_a_function_raises_and_the_context_that_it_sees_are_the_callers():
    run_patched("""
        request = ContextVar("request")
        request.set("mine")
        assert in_thread(Lane.DATABASE, request.get) == "mine"
        try:
            in_thread(Lane.DATABASE, int, "x")
        except ValueError:
            pass
        else:
            raise AssertionError
    """)


def test_an_exception_reaches_its_caller_where_nothing_can_be_printed():
    """As where the log is on a disk that is full."""
    run_patched("""
        import sys
        sys.stderr = sys.__stderr__ = open("/dev/full", "w", buffering=1)
        for _ in range(20):  # more than there are threads
            with gevent.Timeout(30):
                try:
                    in_thread(Lane.COMPUTE, int, "x")
                except ValueError:
                    continue
                raise AssertionError
    """)


def test_a_view_in_a_thread_uses_that_thread_for_the_lanes_it_asks_for():
    """Otherwise enough such views would wait for each other for ever."""
    run_patched("""
        def outer():
            return in_thread(Lane.COMPUTE, int, "7")
        each = [gevent.spawn(in_thread, Lane.COMPUTE, outer) for _ in range(20)]
        gevent.joinall(each, timeout=30, raise_error=True)
        assert [one.value for one in each] == [7] * 20
    """)


def test_a_full_queue_is_refused_and_recovers():
    run_patched("""
        held = Event()
        waiting = begin(200, in_thread, Lane.COMPUTE, held.wait)
        try:
            in_thread(Lane.COMPUTE, int, "7")
        except Overloaded:
            pass
        else:
            raise AssertionError
        held.set()
        gevent.joinall(waiting, timeout=30, raise_error=True)
        assert in_thread(Lane.COMPUTE, int, "7") == 7
    """)


def test_who_has_waited_too_long_for_a_thread_is_refused_and_nothing_is_done():
    """Such a client has long gone, or is to be told that it should come back."""
    run_patched("""
        done = []
        held, holders = occupy(Lane.DATABASE, 16)
        threads._LONGEST_WAIT[Lane.DATABASE] = 0.2
        [late] = begin(1, in_thread, Lane.DATABASE, done.append, 1)
        gevent.sleep(0.5)
        held.set()
        gevent.joinall([*holders, late], timeout=30)
        assert isinstance(late.exception, Overloaded), late.exception
        assert not done
        assert all(each.value for each in holders)
    """)


def test_who_waits_too_long_is_refused_while_the_threads_are_still_busy():
    run_patched("""
        held, holders = occupy(Lane.COMPUTE, 2)
        threads._LONGEST_WAIT[Lane.COMPUTE] = 0.2
        waiting = begin(3, in_thread, Lane.COMPUTE, int, "7")
        gevent.joinall(waiting, timeout=30)
        assert [type(each.exception) for each in waiting] == [Overloaded] * 3
        held.set()
        gevent.joinall(holders, timeout=30, raise_error=True)
        assert in_thread(Lane.COMPUTE, int, "7") == 7
    """)


def test_a_client_leaves_a_thread_to_others():
    run_patched("""
        held = Event()
        def ask(client, function, *arguments):
            threads.act_for(client)
            return in_thread(Lane.COMPUTE, function, *arguments)
        one = begin(20, ask, "192.0.2.1", held.wait)
        with gevent.Timeout(30):
            assert gevent.spawn(ask, "192.0.2.2", int, "7").get() == 7
        held.set()
        gevent.joinall(one, timeout=30, raise_error=True)
        assert not threads._shares
    """)


def test_a_caller_that_is_killed_leaves_its_place_in_the_queue():
    """A request is, where a worker stops or a time-out ends it."""
    run_patched("""
        held = Event()
        waiting = begin(200, in_thread, Lane.COMPUTE, held.wait)
        gevent.killall(waiting)
        held.set()
        assert in_thread(Lane.COMPUTE, int, "7") == 7
    """)


def test_threads_that_share_a_lock_all_get_it():
    """As those that log do, or take a connection from the pool."""
    run_patched("""
        lock, taken = RLock(), []
        def take():
            for _ in range(20_000):
                with lock:
                    taken.append(1)
        each = [gevent.spawn(in_thread, Lane.DATABASE, take) for _ in range(16)]
        gevent.joinall(each, timeout=50, raise_error=True)
        assert len(taken) == 320_000, len(taken)
    """)


@pytest.mark.parametrize("lane", Lane)
def test_outside_a_gevent_worker_a_function_is_simply_called(lane):
    assert in_thread(lane, threading.current_thread) is threading.current_thread()


def test_what_is_done_again_and_again_survives_its_failures():
    calls, enough = [], threading.Event()

    def fail() -> None:
        calls.append(1)
        if len(calls) == 3:
            enough.set()
            threading.Event().wait()  # nobody ends this thread
        raise OSError("a folder has just gone")

    every(0.01, fail)
    assert enough.wait(30)
