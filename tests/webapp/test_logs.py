"""The log of the real server: one line for each event, which no client can forge."""

import json
import logging
import re
import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.conftest import ROOT
from tests.webapp.test_serving import JSON, Server, until
from trainer.recognition.bundle import PRETRAINED
from webapp.inference.versions import Versions
from webapp.logs import JsonFormatter, TextFormatter, escaped, fields
from webapp.settings import Settings
from webapp.storage import audit
from webapp.storage.database import Database

TOKEN = "a-token-for-scripts"
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[\d+\] (DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.]+: "
)


def send(server: Server, content: bytes) -> None:
    """A request as nobody's library would send it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(content)
        while connection.recv(1000):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "json"])
def test_each_event_is_one_line_which_names_its_request(tmp_path, body, kind):
    server = Server(tmp_path, INKLING_LOG=kind, INKLING_ADMIN_TOKEN=TOKEN, INKLING_WORKERS="1")
    try:
        server.wait_until_ready()
        version = (
            Versions(Database(Settings(home=str(tmp_path)).database))
            .add(PRETRAINED / "cnn")
            .card.version
        )
        admin = {"Authorization": f"Bearer {TOKEN}"} | JSON
        server.get("/api/v1/predict?secret=query", body, **JSON, **{"X-Request-ID": "a-drawing"})
        path = f"/admin/versions/{version}/promote"
        assert server.get(path, b"{}", **admin, **{"X-Request-ID": "promotion"})[0] == 200
        until(lambda: json.loads(server.get("/readyz")[1])["version"] == version, server)
        hostile = (
            b"GET /a%0aINFO%1b[2J%ff%fe?q=secret HTTP/1.1\r\nHost: x\r\n"
            b"X-Request-ID: forged\xff id\r\nUser-Agent: a\xffb\r\n\r\n"
        )
        send(server, hostile)
        send(server, b"GET / HTTP/1.1\r\nAuthorization Bearer secret-in-a-broken-line\r\n\r\n")
        send(server, b"GET /b\x0b2026-01-01 HTTP/1.1\r\nHost: x\r\n\r\n")
        send(server, b"secret\x1b[31m nonsense\r\n\r\n")
        server.get("/metrics")
    finally:
        server.stop()
    text = server.log.read_text()
    lines = [line for line in text.splitlines() if not line.startswith("Admin: ")]
    assert "secret" not in text
    assert TOKEN not in text
    assert not re.search(r"GET /(healthz|readyz|metrics)", text)  # of machines that ask for ever
    assert text.isascii()
    assert "\x1b" not in text
    if kind == "text":
        assert [line for line in lines if not LINE.match(line)] == []
        sizes = r"\d+ bytes [\d.]+ ms client=127\.0\.0\.1"
        for expected in (
            rf"INFO webapp\.access: POST /api/v1/predict 200 {sizes} request=a-drawing$",
            rf"INFO webapp\.storage\.audit: token: promoted version='{version}' request=promotion$",
            rf"INFO webapp\.inference\.registry: version {version} answers$",
            rf"INFO webapp\.access: GET /a%0AINFO%1B%5B2J%FF%FE 404 {sizes} request=\w+$",
        ):
            assert re.search(expected, text, re.MULTILINE), text
    else:
        entries = [json.loads(line) for line in lines]
        (predicted,) = [each for each in entries if each.get("request_id") == "a-drawing"]
        assert (predicted["method"], predicted["path"]) == ("POST", "/api/v1/predict")
        assert (predicted["status"], predicted["client"]) == (200, "127.0.0.1")
        assert predicted["bytes"] > 1000
        assert predicted["ms"] > 0
        (audited,) = [each for each in entries if each["logger"].endswith("audit")]
        assert (audited["what"], audited["request_id"]) == ("promoted", "promotion")


def record(message: str, *arguments: object, error: Exception | None = None, **given: object):
    made = logging.LogRecord("webapp.x", logging.INFO, __file__, 1, message, arguments, None)
    if error:
        made.exc_info = (type(error), error, error.__traceback__)
    made.__dict__.update(fields(**given))
    return made


NASTY = "a\nb\rc\x1b[31m\x00\x85\u2028\u202e\ud800 é 七"


def test_nothing_forges_a_line():
    line = TextFormatter().format(record("%s", NASTY, error=ValueError(NASTY)))
    first, *below = line.splitlines()
    assert first.endswith(r"a\nb\rc\x1b[31m\x00\x85\u2028\u202e\ud800 é 七")
    assert all(each.startswith("    ") and each.isprintable() for each in below)
    line = JsonFormatter().format(record("%s", NASTY, error=ValueError(NASTY), path=NASTY, pid=1))
    assert line.isascii()
    assert line.isprintable()
    entry = json.loads(line)
    assert entry["message"] == entry["path"] == NASTY
    assert entry["pid"] != 1  # fields do not replace what the log itself says
    assert escaped("七 é") == "七 é"


def test_an_audited_action_is_logged_once_it_is_committed(app, caplog):
    caplog.set_level("INFO", "webapp")
    database = app.extensions["inkling"].database
    database.upgrade()
    with suppress(ZeroDivisionError), database.writing() as session:
        audit.record(session, "test", "rolled back")
        raise ZeroDivisionError
    with database.writing() as session:
        audit.record(session, "test", "accepted", drawing="x", label="7")
        with session.begin_nested():
            pass
        assert caplog.messages == []
    assert caplog.messages == ["test: accepted drawing='x'"]


WORK = """
import logging, os, sys
from webapp import logs
logs.configure("json")
log = logging.getLogger("webapp.test")
log.info("first")
os.close(2)
log.info("nobody reads it")
"""


def test_a_closed_log_stops_nobody(tmp_path):
    command = [sys.executable, "-c", WORK]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert json.loads(result.stderr)["message"] == "first"


def test_the_fields_of_the_log_are_listed():
    used = {"time", "level", "logger", "pid", "message", "request_id", "exception"}
    for file in (ROOT / "webapp").rglob("*.py"):
        text = file.read_text("utf-8")
        for arguments in re.findall(r"(?<!def )\bfields\(\s*(\w+=[^#]*?)\)\n", text):
            used |= set(re.findall(r"(\w+)=", arguments))
    listed = (ROOT / "docs/operations.md").read_text("utf-8").split("## Log")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in listed.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == used
