import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.bench.training import FROM_SCRATCH, recipe_of
from tests.conftest import need
from trainer.training.recipes import preset, read_options


def measured(part: str) -> dict[str, Any]:
    """What the benchmark says of a part, measured as briefly as it goes."""
    brief = ("--rounds", "1", "--seconds", "1", "--pictures", "640", "--json")
    command = [sys.executable, "-m", "tests.bench", "--part", part, *brief]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return json.loads(result.stdout)[part]


@pytest.mark.long
def test_the_benchmark_runs_and_no_request_fails():
    """Checks that the benchmark works, not how fast anything is."""
    need(shutil.which("wrk") is not None, "no wrk on this machine (Debian: apt install wrk)")
    report = measured("serving")
    assert set(report["load"]) == {"onnx", "bare", "torch"}
    for rounds in report["load"].values():
        assert all(load["rate"] > 0 and load["failures"] == 0 for load in rounds)
    assert report["cold_start_s"] > 0
    assert {"decode", "preprocess", "forward"} < set(report["steps_ms"])
    resident = {name: rounds[0]["resident"] for name, rounds in report["load"].items()}
    assert resident["torch"] > 2 * resident["onnx"]  # it is torch that it is compared with


@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_recipes_are_timed_in_the_precision_in_which_they_are_trained(name, monkeypatch):
    wanted = read_options(preset(name)).get("precision", "float32")
    for supported in (False, True):
        monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda found=supported: found)
        quickest = "bfloat16" if supported else "float32"
        assert recipe_of(name).precision == (quickest if wanted == "quickest" else wanted)


@pytest.mark.long
def test_every_recipe_is_timed_against_the_tutorial_loop(mnist):
    speeds = measured("training")
    assert set(speeds) == set(FROM_SCRATCH)
    for row in speeds.values():
        assert row["ours"] > 0
        assert row["ratio"] == row["ours"] / row["tutorial"]
