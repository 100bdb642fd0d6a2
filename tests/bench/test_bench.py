import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.bench.training import FROM_SCRATCH, recipe_of
from tests.conftest import need
from trainer.training.recipes import preset, read_options


@pytest.mark.long
def test_the_benchmark_loads_every_app_and_times_every_recipe(mnist):
    """Checks that the benchmark works, not how fast anything is."""
    need(shutil.which("wrk") is not None, "no wrk on this machine (Debian: apt install wrk)")
    parts = ("--part", "serving", "--part", "training", "--json")
    brief = ("--rounds", "1", "--seconds", "1", "--pictures", "640")
    command = [sys.executable, "-m", "tests.bench", *parts, *brief]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    report = json.loads(result.stdout)
    check_serving(report["serving"])
    check_training(report["training"])


def check_serving(report: dict[str, Any]) -> None:
    assert set(report["load"]) == {"onnx", "bare", "torch"}
    for rounds in report["load"].values():
        assert all(load["rate"] > 0 and load["failures"] == 0 for load in rounds)
    assert report["cold_start_s"] > 0
    assert {"decode", "preprocess", "forward"} < set(report["steps_ms"])
    resident = {name: rounds[0]["resident"] for name, rounds in report["load"].items()}
    assert resident["torch"] > 2 * resident["onnx"]  # it is torch that it is compared with


def check_training(speeds: dict[str, Any]) -> None:
    assert set(speeds) == set(FROM_SCRATCH)
    for row in speeds.values():
        assert row["ours"] > 0
        assert row["ratio"] == row["ours"] / row["tutorial"]


@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_recipes_are_timed_in_the_precision_in_which_they_are_trained(name, monkeypatch):
    wanted = read_options(preset(name)).get("precision", "float32")
    for supported in (False, True):
        monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda found=supported: found)
        quickest = "bfloat16" if supported else "float32"
        assert recipe_of(name).precision == (quickest if wanted == "quickest" else wanted)
