"""The list of runs."""

import json

from tests.trainer.conftest import trainer
from trainer.training.recipe import Recipe
from trainer.training.run import TrainingPlan, TrainingRun

PLAN = TrainingPlan(command="", recipe=Recipe(), data=[], validation=[])


def test_a_run_that_cannot_be_read_is_named_and_the_others_are_listed(tmp_path):
    runs = tmp_path / "home" / "runs"
    for name in ("broken", "diverged", "good"):
        TrainingRun(runs / name).start(PLAN)
    (runs / "broken" / "run.json").write_text("{")
    (runs / "diverged" / "metrics.jsonl").write_text('{"epoch": 1, "loss": NaN}')
    listed = trainer("runs", "--json", cwd=tmp_path)
    assert listed.returncode == 0
    assert [row["run"] for row in json.loads(listed.stdout)] == [str(runs / "good")]
    assert [line.split(":")[0] for line in listed.stderr.splitlines()] == ["Warning"] * 2
    assert "broken is not a run" in listed.stderr
    assert "diverged/metrics.jsonl" in listed.stderr
    named = trainer("runs", runs / "good", runs / "diverged", cwd=tmp_path)
    assert named.returncode == 1
    assert "diverged/metrics.jsonl" in named.stderr
