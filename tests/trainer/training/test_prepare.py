"""Starting and resuming a run: what both have to agree on."""

import json
from types import SimpleNamespace

import pytest

from trainer.errors import TrainerError
from trainer.training.prepare import resume_run, start_run
from trainer.training.recipe import Recipe
from trainer.training.run import TrainingRun


@pytest.fixture(params=[1, 2])
def started(request, tmp_path):
    """A run of one or two processes, whose number is also given."""
    run = TrainingRun(tmp_path / "a run")
    start_run(
        run,
        Recipe(architecture="mlp"),
        None,
        command="",
        data=["synthetic"],
        validate=[],
        test=[],
        learn_validation=False,
        which="best",
        processes=request.param,
    )
    return run, request.param


@pytest.fixture(autouse=True)
def without_data(monkeypatch):
    nothing = SimpleNamespace(description=[])
    monkeypatch.setattr("trainer.training.prepare.load_splits", lambda *_, **__: nothing)


def test_a_run_goes_on_in_as_many_processes_as_it_was_started_in(started):
    run, processes = started
    assert resume_run(run, processes=processes)[0].processes == processes
    other = 3 - processes
    with pytest.raises(TrainerError) as refused:
        resume_run(run, processes=other)
    assert f"was {processes} and is now {other}, which would give other" in str(refused.value)
    launch = {1: "python", 2: "torchrun --nproc-per-node=2"}[processes]
    assert str(refused.value).endswith(f"{launch} -m trainer train --resume '{run.folder}'")


def test_a_run_stored_without_its_number_of_processes_may_be_resumed_in_any(started):
    run, _ = started
    file = run.folder / "run.json"
    stored = json.loads(file.read_text())
    del stored["processes"]
    file.write_text(json.dumps(stored))
    for processes in (1, 2):
        assert resume_run(run, processes=processes)[0].processes is None
