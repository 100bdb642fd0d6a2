"""The progress of a run, parsed from the trainer's output."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.training.metrics import EpochResult
from webapp.retraining.progress import MAX_POINTS, Progress, Reader


def batch(epoch: int, pictures: int, epochs: int = 4) -> str:
    figures = {"epoch": epoch, "loss": 0.5, "accuracy": 0.9, "pictures": pictures}
    return json.dumps(figures | {"of_epochs": epochs, "of_pictures": 100})


def epoch_line(epoch: int) -> str:
    figures = {"epoch": epoch, "loss": 0.4, "accuracy": 0.9, "best": True, "learning_rate": 1e-3}
    return json.dumps(figures | {"validation_loss": 0.1, "validation_accuracy": 0.99})


def test_progress_follows_the_lines_of_the_trainer():
    reader = Reader(Progress())
    reader.take(batch(1, 0))
    reader.take(batch(2, 50))
    assert reader.progress.stage == "training"
    assert reader.progress.share == pytest.approx(1.5 / 4)
    assert reader.progress.seconds_left is not None
    for epoch in (1, 2, 2):  # the second one again, after a resumption
        reader.take(epoch_line(epoch))
    assert [each.epoch for each in reader.progress.epochs] == [1, 2]
    for epoch in (3, 4):
        reader.take(epoch_line(epoch))
    assert (reader.progress.stage, reader.progress.share) == ("measuring", 1.0)


def test_the_time_of_each_stage_is_added_up_over_interruptions(monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr("webapp.retraining.progress.time.monotonic", lambda: seconds[0])
    progress = Progress()
    for _ in range(2):
        reader = Reader(progress)
        for stage in ("preparing", "preparing", "training"):
            seconds[0] += 2
            reader.enter(stage)
    assert progress.took == {"queued": 2, "preparing": 8, "training": 2}


@settings(deadline=None)  # which a busy machine would miss
@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_a_line_without_metrics_changes_nothing(line):
    reader = Reader(Progress())
    reader.take(line)
    assert reader.progress == Progress()


@settings(deadline=None)  # which a busy machine would miss
@given(st.integers(1, 3000))
def test_a_curve_is_thinned_and_keeps_its_ends(count):
    reader = Reader(Progress())
    for index in range(count):
        reader.take(batch(1, index, epochs=1))
    curve = reader.progress.curve
    assert len(curve) <= MAX_POINTS
    assert curve[0].epochs == 0
    assert [each.epochs for each in curve] == sorted(each.epochs for each in curve)
    assert curve[-1].epochs >= (count - 2) / 100


def test_an_epoch_that_the_trainer_recorded_is_read_like_its_output():
    """A resumed run reads them, as its last epoch may have ended after its worker did."""
    reader = Reader(Progress())
    for epoch in (1, 2):
        recorded = EpochResult(epoch, 0.5, 0.9, 0.1, 0.99, 1e-3, 900.0, best=True)
        reader.take(json.dumps(asdict(recorded)))
    assert [each.epoch for each in reader.progress.epochs] == [1, 2]
