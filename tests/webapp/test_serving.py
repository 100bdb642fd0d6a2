"""The real gunicorn, as `inkling serve` starts it."""

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT
from trainer.recognition.bundle import PRETRAINED
from webapp.inference.versions import Versions
from webapp.settings import Settings
from webapp.storage import answer_counts, shadows
from webapp.storage.database import Database


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind(("::1", 0))
    except OSError:
        return False
    return True


SERVE = (sys.executable, "-m", "webapp", "serve")
GUNICORN = (sys.executable, str(Path(sys.executable).with_name("gunicorn")))


class Server:
    """`inkling serve`, or another command that serves on $PORT."""

    def __init__(
        self, home: Path, log: str = "server.log", command: Sequence[str] = SERVE, **settings: str
    ) -> None:
        self.port = free_port()
        self.log = home / log
        own = {"INKLING_HOME": str(home), "INKLING_WORKERS": "2", "PORT": str(self.port)}
        self.process = subprocess.Popen(
            command,
            env=os.environ | own | settings,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def get(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def wait_until_ready(self) -> None:
        for _ in range(300):
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)
        pytest.fail(f"not ready: {self.log.read_text()}")

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A server that is ready; it is killed with its workers at the end, if it runs then."""
    workers: list[psutil.Process] = []
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            workers = psutil.Process(server.process.pid).children(recursive=True)
            server.process.kill()
            server.process.wait()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that the tests leave running, with a setting that no longer exists."""
    home = tmp_path_factory.mktemp("home")
    with running(Server(home, INKLING_QUEUE_URL="redis://x")) as server:
        yield server


JSON = {"Content-Type": "application/json"}


def test_it_serves_with_the_configured_number_of_workers_and_logs_id_and_time(server, body):
    status, answer = server.get("/api/v1/predict", body, **JSON, **{"X-Request-ID": "my-request"})
    assert status == 200
    assert json.loads(answer)["digit"] == 7
    assert len(server.workers()) == 2
    until(lambda: "request=my-request" in server.log.read_text(), server)
    line = next(line for line in server.log.read_text().splitlines() if "my-request" in line)
    assert re.search(
        r"POST /api/v1/predict 200 \d+ bytes [\d.]+ ms client=127.0.0.1 request=my-request", line
    )


def test_no_worker_loads_torch(server, body):
    server.get("/api/v1/predict", body, **JSON)
    for pid in server.workers():
        assert "/torch/" not in Path(f"/proc/{pid}/maps").read_text()


def test_a_worker_that_exits_leaves_the_others_serving(server, body):
    before = server.workers()
    os.kill(min(before), signal.SIGTERM)
    until(lambda: len(server.workers()) == 2 and server.workers() != before, server)
    for _ in range(20):
        assert server.get("/healthz")[0] == 200
    assert server.get("/metrics")[0] == 200


@pytest.mark.parametrize(
    "command",
    [[*GUNICORN, "-c", str(ROOT / "webapp/gunicorn.conf.py")], SERVE],
    ids=["gunicorn", "serve"],
)
def test_a_new_master_serves_on_when_the_old_one_ends(tmp_path, command):
    """Reload, then upgrade: SIGHUP, SIGUSR2, and SIGTERM to the old master."""
    server = Server(tmp_path, command=command)
    server.wait_until_ready()
    old = psutil.Process(server.process.pid)
    before = server.workers()
    old.send_signal(signal.SIGHUP)
    until(lambda: len(server.workers()) == 2 and not server.workers() & before, server)
    workers = server.workers()
    old.send_signal(signal.SIGUSR2)
    until(lambda: any(each.children() for each in old.children()), server)
    [new] = [each for each in old.children() if each.children()]
    assert new.pid not in workers
    try:
        old.terminate()
        assert server.process.wait(timeout=40) == 0
        for _ in range(20):
            assert server.get("/metrics")[0] == 200
    finally:
        new.terminate()
        new.wait(40)


def test_nothing_is_imported_from_the_working_directory(tmp_path):
    """Neither at the start nor by a reload nor by a new master; the home is relative to it."""
    for name in ("webapp/__init__.py", "json.py", "gunicorn.py", "msgspec.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"open({str(tmp_path / 'imported')!r}, 'w'); raise SystemExit({name!r})")
    there = "import os, sys; os.chdir(sys.argv.pop(1)); os.execv(sys.executable, sys.argv[1:])"
    serve = [sys.executable, "-P", "-m", "webapp", "serve"]
    command = [sys.executable, "-c", there, str(tmp_path), *serve]
    server = Server(
        tmp_path, command=command, PYTHONPATH=str(ROOT), INKLING_HOME="home", INKLING_WORKERS="1"
    )
    with running(server):
        assert (tmp_path / "home" / "inkling.db").exists()
        assert not (tmp_path / "imported").exists()
        before = server.workers()
        server.process.send_signal(signal.SIGHUP)
        until(lambda: len(server.workers()) == 1 and not server.workers() & before, server)
        assert server.get("/healthz")[0] == 200
        assert not (tmp_path / "imported").exists()


def test_a_retired_setting_gives_one_line_in_the_log(server):
    assert server.log.read_text().count("INKLING_QUEUE_URL is ignored") == 1


def until(condition: Callable[[], bool], server: Server) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


def refuses_connections(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=20).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_stops_gracefully_after_the_current_request(tmp_path, body):
    """A body that is still arriving when the stop comes is waited for and answered. It counts, and
    is read in the shadow too."""
    database = Database(Settings(home=str(tmp_path)).database)
    database.upgrade()
    candidate = Versions(database).add(PRETRAINED / "lenet5").card.version
    with database.writing() as session:
        shadow = shadows.start(session, candidate, timedelta(hours=1)).id
    with running(Server(tmp_path)) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            head = (
                "POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode() + body[:100])
            assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # it is being handled
            server.process.send_signal(signal.SIGTERM)
            until(lambda: refuses_connections(server), server)
            connection.sendall(body[100:])
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert server.process.wait(timeout=40) == 0
    with database.reading() as session:
        counted = answer_counts.between(session, date.min, date.max)
        assert [each.answers for each in counted.values()] == [1]
        assert list(shadows.counts(session, shadow).values()) == [1]
    database.engine.dispose()


def test_hostile_images_kill_no_worker(server, body):
    before = server.workers()
    from tests.trainer.recognition.test_image import png

    for content in (
        png(5000, 5000, bytes(100)),
        png(30_000, 30_000, b""),
        png(10, 10, bytes(10**8)),
    ):
        url = "data:image/png;base64," + base64.b64encode(content).decode()
        status, _ = server.get("/api/v1/predict", json.dumps({"image": url}).encode(), **JSON)
        assert status in {200, 413, 422}
    assert server.get("/api/v1/predict", body, **JSON)[0] == 200
    assert server.workers() == before


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_an_endless_chunked_body_is_413(server, body, kind):
    def endless():
        yield (
            b'{"image": "'
            if "json" in kind
            else (b'--x\r\nContent-Disposition: form-data; name="image"; filename="7.png"\r\n\r\n')
        )
        for _ in range(16):
            yield bytes(1_000_000)

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Content-Type": kind, "Transfer-Encoding": "chunked"}
    connection.request("POST", "/api/v1/predict", endless(), headers, encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["code"] == "too_large"
    assert server.get("/api/v1/predict", body, **JSON)[0] == 200


def test_a_chunked_upload_is_read(server, body):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    halves = [body[:500], body[500:]]
    connection.request("POST", "/api/v1/predict", halves, headers, encode_chunked=True)
    assert connection.getresponse().status == 200


def test_metrics_are_summed_over_all_workers(server, body):
    server.get("/api/v1/predict", body, **JSON)
    before = _answered(server)
    for _ in range(20):
        server.get("/api/v1/predict", body, **JSON)
    assert _answered(server) == before + 20


def _answered(server: Server) -> float:
    """The number of predictions, by the metrics."""
    _, text = server.get("/metrics")
    assert b"inkling_predictions_total{" in text
    counted = re.search(
        rb'inkling_requests_total\{method="POST",route="/api/v1/predict",status="200"\} ([\d.]+)',
        text,
    )
    return float(counted[1])


def test_an_invalid_setting_stops_the_start_with_one_line(tmp_path):
    server = Server(tmp_path, INKLING_WORKERS="many")
    assert server.process.wait(timeout=20) == 1
    lines = server.log.read_text().splitlines()
    assert lines == ["Error: INKLING_WORKERS='many' is wrong: it takes `int`, got `str`"]


def test_a_missing_model_stops_the_start_with_the_reason(tmp_path):
    server = Server(tmp_path, INKLING_MODEL="oracle")
    assert server.process.wait(timeout=40) != 0
    told = "INKLING_MODEL='oracle' is wrong: there is no valid bundle of the model 'oracle'"
    assert told in server.log.read_text()


def test_slow_clients_delay_nobody(server, body):
    """Fifty clients that send half a request and fall silent."""
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    silent = []
    try:
        for _ in range(50):
            silent.append(socket.create_connection(("127.0.0.1", server.port)))
            silent[-1].sendall(head)
        for _ in range(10):
            assert server.get("/api/v1/predict", body, **JSON)[0] == 200
    finally:
        for connection in silent:
            connection.close()
