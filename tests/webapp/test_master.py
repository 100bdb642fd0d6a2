"""The master of the real gunicorn: what it imports, reloads, and how it stops."""

import fcntl
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT
from tests.webapp.test_serving import GUNICORN, Server, refuses_connections, until

OURS = ROOT / "webapp" / "gunicorn.conf.py"

CONFIGURATION = f"""
exec(compile(open({str(OURS)!r}).read(), {str(OURS)!r}, "exec"), globals())
begin = post_worker_init
def post_worker_init(worker):
    before_workers_begin()
    begin(worker)
    worker.log.info("Loaded")
before_workers_begin = lambda: None
graceful_timeout = 1
"""
"""Our configuration of gunicorn; a test adds lines to it."""

HANG = """
def before_workers_begin():
    import time
    time.sleep(1000)
"""
FAILURES = {
    "of the application": "wsgi_app = 'webapp.missing:app'",
    "of a worker": "def before_workers_begin(): raise RuntimeError('no')",
    "of the configuration": "this is no Python",
    "of the worker class": "worker_class = 'webapp.missing.Worker'",
    "of time": f"timeout = 2\n{HANG}",
}

Change = Callable[[str], None]


@contextmanager
def serving(home: Path, lines: str = "", **settings: str) -> Iterator[tuple[Server, Change]]:
    """A server, and a function that gives its configuration other lines and reloads it."""
    file = home / "changed.conf.py"
    file.write_text(CONFIGURATION + lines)
    server = Server(home, command=[*GUNICORN, "-c", str(file)], **settings)

    def reload_with(lines: str) -> None:
        file.write_text(CONFIGURATION + lines)
        server.process.send_signal(signal.SIGHUP)

    try:
        yield server, reload_with
    finally:
        if server.process.poll() is None:
            family = psutil.Process(server.process.pid).children(recursive=True)
            server.process.kill()
            server.process.wait()
            for each in family:
                if each.is_running():
                    each.kill()


def wait_for_all(server: Server) -> set[int]:
    """The workers of a server, once each has loaded the application."""
    server.wait_until_ready()
    until(lambda: len(server.workers()) == 2 and loaded(server) >= server.workers(), server)
    return server.workers()


def loaded(server: Server) -> set[int]:
    """All workers so far that have loaded the application."""
    return {int(pid) for pid in re.findall(r"\[(\d+)\].*: Loaded", log(server))}


def log(server: Server) -> str:
    return server.log.read_text()


def libraries(pid: int) -> set[str]:
    """Packages with compiled parts that a process has loaded."""
    return set(re.findall(r"/site-packages/(\w+)/", Path(f"/proc/{pid}/maps").read_text()))


IMPORTED = {
    *("webapp", "webapp.master", "webapp.settings", "webapp.cores", "webapp.logs"),
    *("webapp.storage", "webapp.storage.network_disk"),
    *("webapp.gunicorn_logger", "webapp.gunicorn_worker"),
}

LIST_MODULES = f"""
import sys
sys.argv = ["gunicorn", "-c", {str(OURS)!r}]
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
Arbiter(WSGIApplication())
print(*sys.modules)
"""


def test_the_master_imports_only_what_its_configuration_lists(tmp_path):
    own = {"INKLING_HOME": str(tmp_path)}
    command = [sys.executable, "-c", LIST_MODULES]
    told = subprocess.run(command, env=os.environ | own, stdout=subprocess.PIPE, check=True)
    modules = set(told.stdout.decode().split())
    assert {name for name in modules if re.match(r"(webapp|trainer)\b", name)} == IMPORTED
    assert all(f"`{name}`" in OURS.read_text() for name in IMPORTED - {"webapp", "webapp.storage"})
    assert not modules & {"flask", "sqlalchemy", "numpy", "cv2", "PIL", "prometheus_client"}


@pytest.mark.parametrize(
    ("runtime", "home", "parent"),
    [("run", "home", "run"), ("", "home", "home"), ("", "file", "tmp"), ("file", "file", "tmp")],
)
def test_metrics_are_where_nobody_cleans_up_if_that_can_be(
    tmp_path, monkeypatch, runtime, home, parent
):
    (tmp_path / "file").touch()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", runtime and str(tmp_path / runtime))
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / home))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    runpy.run_path(str(OURS))
    assert Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).parent == tmp_path / parent


def test_counters_that_killed_masters_left_are_removed(tmp_path, monkeypatch):
    left, in_use, new = (tmp_path / f"inkling-metrics-{pid}-x" for pid in "123")
    for folder in (left, in_use, new):
        folder.mkdir()
        (folder / "counter_1.db").touch()
    for folder in (left, in_use):
        os.utime(folder, (0, 0))
    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    monkeypatch.setenv("RUNTIME_DIRECTORY", "")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    held = os.open(in_use, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        runpy.run_path(str(OURS))
    finally:
        os.close(held)
    own = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    assert set(tmp_path.iterdir()) == {in_use, new, own}


def test_a_killed_server_s_counters_are_removed_by_the_next_and_a_running_one_s_are_not(tmp_path):
    home = tmp_path / "home"
    home.mkdir()

    def folders() -> set[Path]:
        for folder in (found := set(home.glob("inkling-metrics-*"))):
            os.utime(folder, (0, 0))
        return found

    with serving(home, INKLING_WORKERS="1") as (server, _):
        server.wait_until_ready()
        [first] = folders()
        with serving(home, INKLING_WORKERS="1") as (other, _):
            other.wait_until_ready()
            assert len(folders()) == 2
            server.process.kill()
            server.process.wait()
            until(lambda: refuses_connections(server), other)  # its workers have ended
        assert first in folders()
    with serving(home, INKLING_WORKERS="1") as (third, _):
        third.wait_until_ready()
        assert len(folders()) == 1


def test_the_master_imports_nothing_when_a_worker_ends(tmp_path):
    with serving(tmp_path) as (server, _):
        before, shared = wait_for_all(server), libraries(server.process.pid)
        os.kill(min(before), signal.SIGTERM)
        until(lambda: len(server.workers()) == 2 and server.workers() != before, server)
        compiled = {"sqlalchemy", "numpy", "cv2", "PIL", "onnxruntime"}
        assert all(libraries(pid) >= compiled for pid in wait_for_all(server))
        assert libraries(server.process.pid) == shared
        assert shared & compiled == {"numpy", "cv2", "PIL"}


def test_the_master_has_one_thread_when_it_forks(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with serving(tmp_path) as (server, _):
        wait_for_all(server)
        assert len(os.listdir(f"/proc/{server.process.pid}/task")) == 1


def test_reloads_that_fail_leave_the_old_workers_and_can_be_repeated(tmp_path):
    with serving(tmp_path) as (server, reload_with):
        before = wait_for_all(server)
        for lines in FAILURES.values():
            told = len(log(server))
            reload_with(lines)
            until(lambda: re.search("serve on|took too long", log(server)[told:]), server)  # noqa: B023
            until(lambda: server.workers() == before, server)
            assert server.get("/healthz")[0] == 200
        reload_with("")
        until(lambda: not server.workers() & before, server)
        assert server.get("/healthz")[0] == 200


def test_a_worker_that_cannot_be_replaced_leaves_the_others(tmp_path):
    broken = tmp_path / "broken"
    lines = f"""
master.RETRY_SECONDS = 1
def before_workers_begin(): assert not os.path.exists({str(broken)!r})
"""
    with serving(tmp_path, lines) as (server, _):
        before = wait_for_all(server)
        broken.touch()
        os.kill(min(before), signal.SIGKILL)
        until(lambda: "serve on" in log(server), server)
        assert server.get("/healthz")[0] == 200
        broken.unlink()
        until(lambda: len(server.workers()) == 2, server)
        assert max(before) in server.workers()


def test_a_reload_that_waits_for_its_workers_can_be_stopped(tmp_path):
    with serving(tmp_path) as (server, reload_with):
        before = wait_for_all(server)
        reload_with(f"timeout = 1000\n{HANG}")
        until(lambda: len(server.workers()) == 4, server)
        assert server.workers() > before
        assert server.stop() == 0


LONG = {"INKLING_DRAIN_SECONDS": "300"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_quick_stop_does_not_drain(tmp_path, how):
    with serving(tmp_path, **LONG) as (server, _):
        wait_for_all(server)
        server.process.send_signal(how)
        assert server.process.wait(40) == 0


def test_a_site_that_cannot_start_does_not_drain(tmp_path):
    with serving(tmp_path, FAILURES["of a worker"], **LONG) as (server, _):
        assert server.process.wait(40) != 0


def test_a_drain_replaces_workers_and_can_be_cut_short(tmp_path):
    with serving(tmp_path, **LONG) as (server, _):
        before = wait_for_all(server)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: server.get("/readyz")[0] == 503, server)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: loaded(server) - before, server)
        assert server.get("/healthz")[0] == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(40) == 0


def test_workers_that_end_leave_their_counts_and_not_their_files(tmp_path):
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    with serving(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(metrics)) as (server, reload_with):
        for asked in (1, 2):
            before = wait_for_all(server)
            assert server.get("/")[0] == 200
            assert counted(server) == asked
            reload_with("")
            until(lambda old=before: not server.workers() & old, server)
        killed = min(wait_for_all(server))
        os.kill(killed, signal.SIGKILL)
        until(lambda: killed not in wait_for_all(server), server)
        assert counted(server) == 2
        owners = {path.stem.partition("_")[2] for path in metrics.glob("*.db")}
        assert "ended" in owners
        assert owners <= {"ended", *map(str, server.workers())}


def counted(server: Server) -> float:
    """The number of draw pages that were answered, of all workers."""
    _, text = server.get("/metrics")
    line = rb'inkling_requests_total\{method="GET",route="/",status="200"\} ([\d.]+)'
    return float(re.search(line, text)[1])
