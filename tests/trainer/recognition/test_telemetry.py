"""Whoever draws a digit is told of to nobody: libraries report nothing to their makers."""

import os
import subprocess
import sys

from tests.conftest import ROOT

READS = """
from webapp.app import create_app
from webapp.settings import Settings
assert create_app(Settings(home="home")).test_client().get("/readyz").status_code == 200
"""


def test_a_process_that_reads_keeps_no_file_for_what_onnx_runtime_would_report(tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", READS], cwd=tmp_path, env=environment, check=True)
    left = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert not {name for name in left if not name.startswith("home/")}
