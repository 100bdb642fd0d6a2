"""A warning of SQLite on a disk that hosts share."""

import logging
import runpy
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from webapp.cli import main
from webapp.storage.network_disk import warning

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 22 0:50 / /srv rw,relatime shared:60 - nfs4 files:/srv rw,vers=4.2
91 90 8:2 / /srv/local rw,relatime shared:61 - xfs /dev/sda2 rw
92 22 0:51 / /a\\040folder rw - cifs //files/a rw
93 22 0:52 / /twice rw - nfs files:/twice rw
94 93 8:3 / /twice rw - ext4 /dev/sda3 rw
"""

CASES = {
    "sqlite:////srv/inkling/inkling.db": "nfs4",
    "sqlite:////srv/inkling.db?timeout=3": "nfs4",
    "sqlite:////srv/local/inkling.db": None,
    "sqlite:////srvs/inkling.db": None,
    "sqlite:////a folder/inkling.db": "cifs",
    "sqlite:////twice/inkling.db": None,
    "sqlite://": None,
    "postgresql+psycopg://host/srv": None,
    "postgresql+psycopg:///srv": None,
}


@pytest.mark.parametrize("url", CASES)
def test_sqlite_on_a_network_file_system_is_one_line(url, tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    line = warning(url, mounts)
    kind = CASES[url]
    assert f" is on {kind}, " in line if kind else line == ""
    assert "\n" not in line


def test_without_a_list_of_mounts_nothing_is_said(tmp_path):
    assert warning("sqlite:////srv/inkling.db", tmp_path / "none") == ""


def test_worker_and_site_say_so_as_they_start(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("webapp.storage.network_disk.warning", lambda url: f"shared: {url}")
    monkeypatch.setattr("webapp.retraining.worker.Worker.run", lambda _: None)
    monkeypatch.setattr("webapp.logs.configure", lambda _: None)
    monkeypatch.setattr("webapp.master.attach", lambda *_: None)
    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    expected = f"shared: sqlite:///{tmp_path}/inkling.db"
    assert CliRunner().invoke(main, ["worker"]).exit_code == 0
    assert expected in caplog.messages
    caplog.clear()
    conf = runpy.run_path(str(ROOT / "webapp" / "gunicorn.conf.py"))
    conf["on_starting"](SimpleNamespace(log=logging.getLogger()))
    assert expected in caplog.messages


@given(st.binary(max_size=200))
def test_whatever_the_list_holds_is_read(tmp_path_factory, content):
    mounts = tmp_path_factory.getbasetemp() / "any mountinfo"
    mounts.write_bytes(content)
    assert "\n" not in warning("sqlite:////srv/inkling.db", mounts)
