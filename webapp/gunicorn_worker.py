"""The gunicorn worker class: gevent's, with real threads and locks, and limits for slow clients.

The master imports it too, and so must not import the application with it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from socket import SHUT_RDWR, SOCK_STREAM
from typing import Any

import gevent
import gevent.monkey
import gevent.socket
from gunicorn.errors import AppImportError
from gunicorn.util import close, write_error
from gunicorn.workers.ggevent import GeventWorker

HEADER_SECONDS = 10.0
"""Within which a client must have sent its headers, however steadily they drip in."""
HEADER_BYTES = 1 << 14
"""All names and values of a request's headers together: some are searched again and again."""
CONNECTIONS_OF_ADDRESS: int | None = None
"""Those that one address may have open, so that others find one; None for no such limit."""
SILENCE_SECONDS = 60.0
"""For which a client may neither send its body nor accept the response."""


class Worker(GeventWorker):  # type: ignore[misc]
    """Leaves threads and locks as they are, and closes connections that send or read too slowly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timers: dict[Any, Any] = {}
        self._connections: Counter[str] = Counter()  # by address

    def patch(self) -> None:
        """Replace what waits in the standard library by gevent's, except for threads and locks.

        Those are for the real threads of `webapp.threads`: where they share a lock of gevent's, the
        next one sometimes isn't woken, and waits for ever. All greenlets wait for whoever holds a
        real lock that one of them asks for, so those are held for microseconds.
        """
        gevent.monkey.patch_all(thread=False, queue=False)
        # As gunicorn's own `patch` does, which replaces threads as well.
        self.sockets: list[Any] = [
            gevent.socket.socket(each.FAMILY, SOCK_STREAM, fileno=each.sock.detach())
            for each in self.sockets
        ]

    def load_wsgi(self) -> None:
        """Load the application; what prevents it is one line in the log, and ends this worker."""
        try:
            super().load_wsgi()
        except Exception as error:
            if not _is_explained(error):
                raise
            raise AppImportError(f"inkling: {error}") from error

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Handle one connection, unless its address has too many already."""
        address = addr[0] if isinstance(addr, tuple) else ""  # of a Unix socket
        self._connections[address] += 1
        try:
            most = CONNECTIONS_OF_ADDRESS
            if address and most is not None and self._connections[address] > most:
                close(client)
            else:
                self._handle(listener, client, addr)
        finally:
            self._connections[address] -= 1
            if not self._connections[address]:
                del self._connections[address]

    def _handle(self, listener: Any, client: Any, addr: Any) -> None:
        timer = gevent.get_hub().loop.timer(HEADER_SECONDS)
        timer.start(_shut_down, client)
        self._header_timers[client] = timer
        try:
            super().handle(listener, client, addr)
        finally:
            self._stop_timer(client)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Handle a request whose headers have arrived."""
        self._stop_timer(sock)
        sock.settimeout(SILENCE_SECONDS)
        if sum(len(name) + len(value) for name, value in req.headers) > HEADER_BYTES:
            reason = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.phrase
            write_error(sock, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason, reason)
            raise StopIteration  # as gunicorn ends a connection
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            self.log.debug("Closed the connection of %s, which stopped reading", addr)
            raise StopIteration from None  # as gunicorn ends a connection

    def _stop_timer(self, client: Any) -> None:
        if timer := self._header_timers.pop(client, None):
            timer.stop()
            timer.close()


def _is_explained(error: Exception) -> bool:
    """Whether the message of this error tells all that its traceback would."""
    from sqlalchemy.exc import SQLAlchemyError

    from trainer.recognition.bundle import BundleError
    from webapp.settings import SettingsError

    return isinstance(error, BundleError | SettingsError | SQLAlchemyError | OSError)


def _shut_down(client: Any) -> None:
    """Let the greenlet that reads from this client see the end of its data."""
    with suppress(OSError):  # it has just gone by itself
        client._sock.shutdown(SHUT_RDWR)  # gevent's own raises in the greenlet that waits
