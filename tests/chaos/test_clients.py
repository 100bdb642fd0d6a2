"""Clients that die in the middle of a request, and clients that never finish one."""

from __future__ import annotations

import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.chaos.conftest import Site, StartSite
from tests.chaos.load import seven, until

IMPATIENT = """
def before_workers_begin():
    from webapp import gunicorn_worker
    from webapp.http import bodies

    gunicorn_worker.HEADER_SECONDS = {headers}
    bodies.GRACE, bodies.SLOWEST = {bodies}, 1e9
"""
"""Shorter times for slow clients."""

HEADER_SECONDS = 3
BODY_SECONDS = 5
HALF_OPEN, AT_ONCE = 1_050, 50
UNFINISHED = {14_000_000: 20, 1_000_000: 150}  # number of bodies by their bytes
MAY_GROW = 48 << 20  # bytes, of all workers; less than a third of what those bodies have

HEAD = b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module", autouse=True)
def many_files() -> None:
    """Allow this process its side of all these connections."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * HALF_OPEN:
        pytest.skip(f"at most {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="module")
def site(start_site: StartSite) -> Site:
    """A site with little patience for slow clients."""
    return start_site(change=IMPATIENT.format(headers=HEADER_SECONDS, bodies=BODY_SECONDS))


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    """Closes the connections that it is given."""
    with ExitStack() as stack:
        yield stack


def connect(site: Site, connections: ExitStack) -> socket.socket:
    address = ("127.0.0.1", site.server.port)
    return connections.enter_context(socket.create_connection(address, timeout=60))


def resident(site: Site) -> int:
    """Bytes of memory of all the workers."""
    return sum(psutil.Process(pid).memory_info().rss for pid in site.server.workers())


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed its end, perhaps after an answer."""
    connection.setblocking(False)
    with suppress(ConnectionError):
        try:
            while connection.recv(1 << 16):
                pass
        except BlockingIOError:
            return False
    return True


def abort(connection: socket.socket) -> None:
    """Close it as a process that dies with unread data does: by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_clients_that_die_in_mid_request_disturb_nobody(site, connections, rng):
    site.longest  # noqa: B018
    workers, whole = site.server.workers(), seven(rng)
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(whole) + whole
    parts = {
        "headers": HEAD[:40],
        "body": request[:-100],
        "chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1000\r\n{",
        "answer": request,
        "page": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    with site.load() as load:
        for _ in range(10):
            for part in parts.values():
                for end in (abort, socket.socket.close):
                    connection = connect(site, connections)
                    connection.sendall(part)
                    end(connection)
        load.wait_for(20)
    site.check(load, site.longest)
    assert site.server.workers() == workers
    log = site.server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") :][:3000]


def test_a_body_in_chunks_of_one_byte_holds_nobody_up(site, connections):
    """It is always there, so that receiving it never waits, and parsing it takes seconds."""
    site.longest  # noqa: B018
    content = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n7\r\n" * 500_000
    with site.load() as load:
        for _ in range(3):
            connection = connect(site, connections)
            connection.sendall(content)
        load.wait_for(20)
    site.check(load, site.longest)


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"1\r\n77\r\n", b"-1\r\n"])
def test_what_is_no_chunk_is_refused(site, connections, chunk):
    connection = connect(site, connections)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_connection_that_stays_silent_writes_no_traceback(site, connections):
    silent = connect(site, connections)
    before = len(site.server.log.read_text())
    until(lambda: is_closed(silent))
    assert "Traceback" not in site.server.log.read_text()[before:]


def test_headers_of_a_megabyte_are_refused_unread(site, connections):
    connection = connect(site, connections)
    connection.sendall(HEAD + (b"Accept-Language: " + b"a," * 4000 + b"\r\n") * 3 + b"\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 431 ")


def test_headers_that_never_end_are_closed_in_time(site, connections):
    site.longest  # noqa: B018
    with site.load() as load:
        half_open = []
        for _ in range(HALF_OPEN // AT_ONCE):
            for _ in range(AT_ONCE):
                half_open.append(connect(site, connections))
                half_open[-1].sendall(HEAD)
            load.wait_for(2)  # a flood would be another test
        dripping = half_open[::2]
        opened = time.monotonic()
        while time.monotonic() < opened + HEADER_SECONDS:
            for number, connection in enumerate(dripping):
                with suppress(OSError):
                    connection.sendall(b"X-%d: y\r\n" % number)
            time.sleep(0.5)
        until(lambda: all(map(is_closed, half_open)))
        took = time.monotonic() - opened
        load.wait_for(20)
    site.check(load, site.longest)
    assert took < HEADER_SECONDS + site.longest


@pytest.mark.parametrize(("size", "number"), UNFINISHED.items())
def test_unfinished_bodies_take_little_memory_and_are_closed_in_time(
    site, connections, size, number
):
    site.longest  # noqa: B018
    before = resident(site)
    head = HEAD + b"Content-Length: %d\r\n\r\n" % size
    content = bytes(size - 1000)
    unfinished = []
    with site.load(2) as load:
        for _ in range(number):
            connection = connect(site, connections)
            with suppress(ConnectionError):  # where sending them all takes longer than they may
                connection.sendall(head)
                connection.sendall(content)
            unfinished.append(connection)
        grown = resident(site) - before
        opened = time.monotonic()
        until(lambda: all(map(is_closed, unfinished)))
        took = time.monotonic() - opened
    assert grown < MAY_GROW
    assert took < 2 * BODY_SECONDS + site.longest  # closing hundreds takes a while itself
    site.check(load, site.longest)


def test_an_address_leaves_connections_to_others(start_site, connections):
    site = start_site(INKLING_RATE_LIMIT="50", INKLING_REQUESTS_AT_ONCE="20")  # eight for each
    for _ in range(150):  # to two workers, which have forty each
        connect(site, connections)
    address = ("127.0.0.1", site.server.port)
    other = connections.enter_context(
        socket.create_connection(address, timeout=5, source_address=("127.0.0.2", 0))
    )
    other.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert other.recv(1000).startswith(b"HTTP/1.1 200 ")
