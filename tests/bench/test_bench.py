import json
import shutil
import subprocess
import sys

from tests.conftest import need


def test_the_benchmark_runs_and_no_request_fails():
    """It shows that the benchmark works; how fast anything is, no test judges."""
    need(shutil.which("wrk") is not None, "no wrk on this machine (Debian: apt install wrk)")
    result = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--rounds", "1", "--seconds", "1", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report = json.loads(result.stdout)
    assert set(report["load"]) == {"onnx", "torch"}
    for rounds in report["load"].values():
        assert all(load["rate"] > 0 and load["failures"] == 0 for load in rounds)
    assert report["cold_start_s"] > 0
    assert {"decode", "preprocess", "forward"} < set(report["steps_ms"])
