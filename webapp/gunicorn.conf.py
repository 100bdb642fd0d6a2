"""How gunicorn serves Inkling: `gunicorn -c webapp/gunicorn.conf.py`, or `inkling serve`.

Each worker creates the application after the fork (no preloading): an ONNX Runtime session does not
survive a fork, and a reload (SIGHUP) picks up new code and a new model. A reload does not replace
what the master itself imports: `webapp.master`, `webapp.settings`, `webapp.cores`, `webapp.logs`,
`webapp.gunicorn_logger`, `webapp.gunicorn_worker`, `webapp.storage.network_disk`, gunicorn, gevent,
msgspec, NumPy, OpenCV and Pillow. For these, restart, or replace the master (SIGUSR2).
"""

import contextlib
import fcntl
import gc
import glob
import importlib
import os
import shutil
import sys
import tempfile
import time

from webapp import gunicorn_worker, master
from webapp.logs import configuration
from webapp.settings import (
    Settings,
    SettingsError,
    address_of,
    host_of,
    port_of,
    retired_settings,
)
from webapp.storage import network_disk

try:
    _settings = Settings.from_environment()
    _host = host_of(os.environ.get("HOST") or "127.0.0.1")
    bind = address_of(_host, port_of(os.environ.get("PORT") or "8000"))
except SettingsError as error:
    sys.exit(f"inkling: {error}")

wsgi_app = "webapp.app:create_app()"

workers = _settings.workers
# Greenlets wait for slow clients, and answer what takes a millisecond. What takes longer or blocks
# runs in threads (webapp/threads.py); with threads for all, contention for the GIL costs more
# than it gains (figures: docs/decisions.md).
worker_class = "webapp.gunicorn_worker.Worker"
# Room for connections that are refused, or whose headers have not come yet.
worker_connections = 2 * _settings.requests_at_once
# Behind proxies all have the address of a proxy, which limits clients itself (deploy/nginx.conf).
if _settings.rate_limit and not _settings.proxies:
    gunicorn_worker.CONNECTIONS_OF_ADDRESS = max(1, worker_connections // 5)
# No keep-alive: a connection stays with its worker even when another worker is idle.
keepalive = 0
timeout = 30
graceful_timeout = 30

_MEMORY = "/dev/shm"  # noqa: S108 - the heartbeat file must not wait for a disk
worker_tmp_dir = _MEMORY if os.access(_MEMORY, os.W_OK) else os.environ.get("RUNTIME_DIRECTORY")

logger_class = "webapp.gunicorn_logger.Logger"
logconfig_dict = configuration(_settings.log)

control_socket_disable = True

# Workers share the memory of what the master has imported. These libraries know nothing of gevent,
# and survive a fork: OpenBLAS, in NumPy and in OpenCV, ends its threads before one, and starts
# others later. ONNX Runtime would lose its threads, SQLAlchemy would save little
# (docs/decisions.md), and Flask would be imported before gevent has replaced sockets.
_SHARED = ("numpy", "cv2", "PIL.Image", "PIL.ImageOps")


def _new_folder():  # type: ignore[no-untyped-def]
    """A folder of this master where nobody cleans up: systemd's, or else in the home folder."""
    for parent in (os.environ.get("RUNTIME_DIRECTORY"), _settings.home, tempfile.gettempdir()):
        if not parent:  # mkdtemp would take that for the temporary folder
            continue
        try:
            os.makedirs(parent, mode=0o700, exist_ok=True)
            folder = tempfile.mkdtemp(prefix=_OWN, dir=parent)
        except OSError:  # a read-only home folder, say
            continue
        _lock(folder)  # until the last of this master and its workers ends
        if parent == _settings.home:
            _remove_left(parent)
        return folder
    sys.exit("inkling: there is no folder for the metrics: set RUNTIME_DIRECTORY")


def _lock(folder):  # type: ignore[no-untyped-def]
    """Lock a folder; return the descriptor that holds the lock, or None if that cannot be."""
    with contextlib.suppress(OSError):
        held = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another has it, or it is a disk without locks
            os.close(held)
        else:
            return held
    return None


def _remove_left(parent):  # type: ignore[no-untyped-def]
    """Remove the folders of masters that were killed: none of their processes holds a lock."""
    for folder in glob.glob(os.path.join(glob.escape(parent), f"{_PREFIX}*")):
        with contextlib.suppress(OSError):
            is_new = time.time() - os.stat(folder).st_mtime < _JUST_MADE
            if not is_new and (held := _lock(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


# prometheus_client reads this variable on import: the workers then share their counters. A reload
# (SIGHUP) reads this file again and keeps the folder; a new master (SIGUSR2) inherits the variable
# and needs a folder of its own, as the old master removes its folder when it ends.
_JUST_MADE = 60  # seconds within which a folder may not be locked yet
_METRICS, _PREFIX = "PROMETHEUS_MULTIPROC_DIR", "inkling-metrics-"
_OWN = f"{_PREFIX}{os.getpid()}-"
_folder = os.path.basename(os.environ.get(_METRICS, ""))
if not _folder or (_folder.startswith(_PREFIX) and not _folder.startswith(_OWN)):
    os.environ[_METRICS] = _new_folder()


def on_starting(server):  # type: ignore[no-untyped-def]
    """Warn of settings without an effect, and of a disk that hosts share, once for all workers."""
    for line in (*retired_settings(), network_disk.warning(_settings.database)):
        if line:
            server.log.warning(line)
    master.attach(server, _settings.drain_seconds)
    for library in _SHARED:
        importlib.import_module(library)
    gc.freeze()  # collecting garbage writes to what it looks at, and ends the sharing


def pre_fork(server, worker):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Let the master know of the new worker."""
    master.expect(worker)


def post_fork(server, worker):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Collect no garbage while the application is loaded, which makes hardly any."""
    gc.disable()


def post_worker_init(worker):  # type: ignore[no-untyped-def]
    """Start what runs beside the requests, and let the application see that it is stopping."""
    from webapp.http import metrics  # loaded with the application; the master must not import it

    services = worker.wsgi.extensions["inkling"]
    # Streamed responses would delay the stop otherwise.
    services.is_stopping = lambda: not worker.alive
    services.is_draining = master.is_draining
    services.models.follow_in_background()
    services.answers.flush_in_background()
    services.shadow.run_in_background()
    master.report_ready(worker)
    metrics.merge_ended()
    gc.freeze()  # what is there now stays, and is not looked through again and again
    gc.enable()


def worker_exit(server, worker):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Keep what the worker has counted since the last time; one that never served has nothing."""
    application = getattr(worker, "wsgi", None)  # missing where it could not be loaded
    if services := getattr(application, "extensions", {}).get("inkling"):
        from webapp.inference.tally import END_WAITS_FOR  # loaded with the application

        services.answers.flush(END_WAITS_FOR)
        services.shadow.finish()


def on_exit(server):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Remove the counters' folder. Only the master does, as the other workers still need it."""
    folder = os.environ[_METRICS]
    if os.path.basename(folder).startswith(_OWN):
        shutil.rmtree(folder, ignore_errors=True)
