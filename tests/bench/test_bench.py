import json
import shutil
import subprocess
import sys

from tests.conftest import need
from trainer.recipes import presets

QUICK = ("--rounds", "1", "--seconds", "1", "--pictures", "2048", "--json")


def test_the_benchmark_runs_and_no_request_fails():
    """It shows that the benchmark works; how fast anything is, no test judges."""
    need(shutil.which("wrk") is not None, "no wrk on this machine (Debian: apt install wrk)")
    result = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--part", "serving", *QUICK],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report = json.loads(result.stdout)["serving"]
    assert set(report["load"]) == {"onnx", "torch"}
    for rounds in report["load"].values():
        assert all(load["rate"] > 0 and load["failures"] == 0 for load in rounds)
    assert report["cold_start_s"] > 0
    assert {"decode", "preprocess", "forward"} < set(report["steps_ms"])


def test_every_recipe_is_timed_beside_the_tutorials_loop(mnist):
    result = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--part", "training", *QUICK],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    speeds = json.loads(result.stdout)["training"]
    assert set(speeds) == set(presets())
    for row in speeds.values():
        assert row["ours"] > 0
        assert row["ratio"] == row["ours"] / row["tutorial"]
