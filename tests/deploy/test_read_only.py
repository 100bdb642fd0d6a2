"""The real server where nothing can be written but its home and one folder for what passes."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.webapp.test_serving import JSON, Server, running

SCRIPT = """
mount --bind "$INKLING_HOME" "$INKLING_HOME"
mount --bind "$TMPDIR" "$TMPDIR"
mount -o remount,bind,ro /
! touch /tmp/inkling-read-only 2>/dev/null || exit 9
exec "$@"
"""


@pytest.fixture
def inside() -> tuple[str, ...]:
    """A command that runs another one where the root file system cannot be written to."""
    may = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = ("unshare", "--mount", *may)
    works = shutil.which("unshare") and not subprocess.call([*command, "true"])
    if not works:  # as in most containers
        pytest.skip("no mount namespaces for this user")
    return (*command, "sh", "-ec", SCRIPT, "inside")


def test_it_serves_with_a_read_only_root_and_leaves_nothing_in_its_folder(
    tmp_path, inside, seven, encode
):
    home, folder = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    folder.mkdir()
    command = (*inside, sys.executable, "-m", "webapp", "serve")
    places = {"TMPDIR": str(folder), "RUNTIME_DIRECTORY": str(folder), "INKLING_WORKERS": "1"}
    with running(Server(home, command=command, **places)) as server:
        assert [each.name[:16] for each in folder.iterdir()] == ["inkling-metrics-"]
        large = encode(seven.repeat(12, 0).repeat(12, 1), "BMP")  # waits in a temporary file
        status, answer = server.get("/api/v1/predict", large, **{"Content-Type": "image/bmp"})
        assert (status, json.loads(answer)["digit"]) == (200, 7)
        assert server.get("/metrics")[0] == 200
        assert server.get("/api/v1/predict", b"{", **JSON)[0] == 400
        assert server.stop() == 0
    assert list(folder.iterdir()) == []
