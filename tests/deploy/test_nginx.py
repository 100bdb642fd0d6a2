"""The real nginx with our configuration, in front of the real server: a site, and one at a path."""

import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, need
from tests.webapp.test_serving import JSON, Server, free_port, has_ipv6, running
from webapp.http import batch_files

TOKEN = "a token for scripts"
MAIN = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/site.conf;
    server {{ listen 127.0.0.1:{path_port}; include {folder}/path.conf; }}
}}
"""


class Proxy:
    """nginx: the whole site by TLS, and a path of another one without."""

    def __init__(self, folder: Path, backend: int, **changes: str) -> None:
        self.tls, self.plain, self.path = free_port(), free_port(), free_port()
        certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
        _certify(certificate, key)
        changes |= {
            "listen 443 ssl": f"listen 127.0.0.1:{self.tls} ssl",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen [::]:443": f"listen [::1]:{self.tls}" if has_ipv6() else "#",
            "listen [::]:80": f"listen [::1]:{self.plain}" if has_ipv6() else "#",
            "/etc/ssl/inkling": str(folder),
            "127.0.0.1:8000": f"127.0.0.1:{backend}",
        }
        for name, target in (("nginx.conf", "site.conf"), ("nginx-path.conf", "path.conf")):
            text = (ROOT / "deploy" / name).read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            (folder / target).write_text(text)
        (folder / "main.conf").write_text(MAIN.format(folder=folder, path_port=self.path))
        program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        need(program is not None, "no nginx on this machine (Debian: apt install nginx-light)")
        command = [str(program), "-p", str(folder), "-c", str(folder / "main.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.trusted = ssl.create_default_context(cafile=str(certificate))
        self.log = folder / "error.log"

    def wait(self) -> None:
        for _ in range(200):
            with socket.socket() as connection:
                if connection.connect_ex(("127.0.0.1", self.path)) == 0:
                    return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        pytest.fail(self.log.read_text())

    def ask(self, url: str, data: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        """The response, without following redirects; `url` is `https:/path` or `path:/path`."""
        kind, _, path = url.partition(":")
        if kind == "https":
            connection = http.client.HTTPSConnection("localhost", self.tls, context=self.trusted)
        else:
            port = self.path if kind == "path" else self.plain
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST" if data is not None else "GET", path, data, headers)
        return connection.getresponse()

    def connected(self, site: str) -> socket.socket:
        """A connection on which nothing has been sent, to `https:` or `path:`."""
        if site == "path:":
            return socket.create_connection(("127.0.0.1", self.path), timeout=10)
        plain = socket.create_connection(("localhost", self.tls), timeout=10)
        return self.trusted.wrap_socket(plain, server_hostname="localhost")


def _certify(certificate: Path, key: Path) -> None:
    """Make a certificate for localhost, signed by itself."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    options = ["-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *options, *files], check=True, capture_output=True)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    own = {"INKLING_WORKERS": "1", "INKLING_PROXIES": "1", "INKLING_ADMIN_TOKEN": TOKEN}
    with running(Server(folder, **own)) as server:
        # So that the test need not wait as long as a client may take.
        slow = {"client_header_timeout 10s": "client_header_timeout 300ms"}
        proxy = Proxy(folder, server.port, **slow)
        try:
            proxy.wait()
            yield proxy
        finally:
            proxy.process.terminate()
            proxy.process.wait()


@pytest.mark.parametrize(("site", "root"), [("https:", ""), ("path:", "/digits")])
def test_pages_scripts_cookies_and_the_api_work_through_nginx(proxy, site, root, body):
    page = proxy.ask(f"{site}{root}/", **{"X-Forwarded-Prefix": "/forged"}).read().decode()
    assert f'<body data-root="{root}" ' in page
    script = page.partition('<script type="module" src="')[2].partition('"')[0]
    assert script.startswith(f"{root}/static/")
    assert proxy.ask(f"{site}{script}").status == 200
    answer = proxy.ask(f"{site}{root}/api/v1/predict", body, **JSON)
    assert json.loads(answer.read())["digit"] == 7
    switched = proxy.ask(f"{site}{root}/language/en?back=/about")
    assert switched.headers["Location"] == f"{root}/about"
    cookie = switched.headers["Set-Cookie"]
    assert f"Path={root or '/'};" in cookie
    assert ("Secure" in cookie) == (site == "https:")
    admin = proxy.ask(f"{site}{root}/admin/", Accept="text/html")
    assert admin.headers["Location"] == f"{root}/admin/login"


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_clients_of_ipv6_are_served_too(proxy):
    plain = http.client.HTTPConnection("::1", proxy.plain, timeout=10)
    plain.request("GET", "/about", headers={"Host": "inkling.example"})
    assert plain.getresponse().status == 308
    with (
        socket.create_connection(("::1", proxy.tls), timeout=10) as connection,
        proxy.trusted.wrap_socket(connection, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in secure.recv(1000)


def test_plain_http_leads_to_https_and_the_path_to_its_slash(proxy):
    answer = proxy.ask("http:/about?x=1", Host="inkling.example")
    assert (answer.status, answer.headers["Location"]) == (308, "https://inkling.example/about?x=1")
    answer = proxy.ask("path:/digits")
    assert answer.status == 308
    assert answer.headers["Location"].endswith("/digits/")


def test_metrics_are_not_for_everybody(proxy):
    assert proxy.ask("path:/digits/metrics").status == 403


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/api/v1/predict", 15 << 20),
        ("/api/v1/batch", batch_files.MAX_BYTES),
        ("/admin/drawings", 256 << 20),
    ],
)
@pytest.mark.parametrize(("site", "root"), [("https:", ""), ("path:", "/digits")])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(proxy, site, root, path, largest):
    for length, answer in ((largest, b"HTTP/1.1 100"), (largest + 1, b"HTTP/1.1 413")):
        with proxy.connected(site) as connection:
            connection.sendall(
                f"POST {root}{path} HTTP/1.1\r\nHost: localhost\r\n"
                f"Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            assert connection.recv(1000).startswith(answer)


@pytest.mark.parametrize(("site", "root"), [("https:", ""), ("path:", "/digits")])
def test_who_may_not_import_is_told_before_the_body_is_there(proxy, site, root):
    with proxy.connected(site) as connection:
        connection.settimeout(5)
        connection.sendall(
            f"POST {root}/admin/drawings HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {256 << 20}\r\n\r\nbegins".encode()
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 401")


def test_large_bodies_are_passed_on_as_they_come_by_every_nginx_file():
    for file in (ROOT / "deploy").glob("nginx*.conf"):
        text = file.read_text()
        large = re.findall(r"client_max_body_size (?:64|256)m;\n +(.*)", text)
        assert large == ["proxy_request_buffering off;"] * 2, file


def test_a_client_whose_headers_do_not_come_is_let_go(proxy):
    with proxy.connected("https:") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        try:
            rest = connection.recv(1000)
        except ConnectionError:
            rest = b""
        assert rest == b"" or rest.startswith(b"HTTP/1.1 408")


def test_events_of_a_run_come_at_once(proxy):
    token = {"Authorization": f"Bearer {TOKEN}"}
    queued = proxy.ask("https:/admin/retrain", b"{}", **JSON, **token)
    identity = json.loads(queued.read())["id"]
    events = proxy.ask(f"https:/admin/api/runs/{identity}/events", **token)
    assert events.headers["Content-Type"].startswith("text/event-stream")
    lines = [events.readline() for _ in range(4)]  # and the stream goes on: the run is queued
    assert b"event: run\n" in lines
    events.close()
