"""Lessons: their queue, and the job that trains one and forgets it."""

import json
import os
import signal
import sys
import time
from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select, update

from tests.conftest import installed
from trainer.training.recipes import presets
from webapp.inference.versions import Versions
from webapp.retraining import command, lesson_job, lessons, runs
from webapp.retraining.claim import LostRun
from webapp.retraining.lesson_job import LessonJob
from webapp.retraining.lesson_progress import MAX_POINTS, LessonProgress, loaded
from webapp.retraining.lessons import Busy, claim_next
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.worker import Worker
from webapp.storage.lessons import Lesson
from webapp.storage.liveness import LOST_AFTER
from webapp.storage.tables import Run, RunStatus, now

LINES = [
    {"steps_per_epoch": 2, "steps": 4},
    {"step": 0, "loss": None, "accuracy": None, "validation_loss": 2.3,
     "validation_accuracy": 0.1, "layer": "UklG"},
    {"step": 25, "loss": 1.5, "accuracy": 0.5, "validation_loss": None,
     "validation_accuracy": 0.6, "layer": None},
    {"claimed": 0.6, "test": 0.55},
]  # fmt: skip
PRINTS = "\n".join(f"print({json.dumps(line)!r})" for line in LINES)
ENDLESS = f"import time\n{PRINTS}\ntime.sleep(60)"


@pytest.fixture
def app(settings):
    with installed(settings()) as app:
        yield app


on_sqlite = pytest.mark.parametrize("database_url", [""])
"""For what the kind of database does not matter to."""


def begun(database, class_key="7b", mistake="none") -> str:
    with database.writing() as session:
        return lessons.enqueue(session, class_key, "me", mistake).id


def lesson_in(database, identity) -> Lesson:
    with database.reading() as session:
        return session.get_one(Lesson, identity)


def age(database, by, **changes):
    with database.writing() as session:
        session.execute(update(Lesson).values({"created": now() - by} | changes))


def execute(database, tmp_path, code, monkeypatch, stopping=None) -> Lesson:
    """Claim the next lesson, and execute a program instead of the trainer."""
    monkeypatch.setattr(command, "watch", lambda *_: [sys.executable, "-c", code])
    claim = claim_next(database)
    assert claim is not None
    LessonJob(database, claim, stopping or Event(), tmp_path).run()
    return lesson_in(database, claim.lesson.id)


def test_the_mistakes_are_those_of_the_trainer():
    known = [name for name in presets() if name.startswith("mistakes/")]
    assert [f"mistakes/{name}" for name in lessons.mistakes()] == known


def test_a_class_has_one_lesson_at_a_time_and_the_queue_is_bounded(database):
    first = begun(database)
    with pytest.raises(Busy, match="lesson_under_way"):
        begun(database)
    with database.writing() as session:
        lessons.cancel(session.get_one(Lesson, first))
    for number in range(lessons.LONGEST_QUEUE):
        begun(database, f"class {number}")
    with pytest.raises(Busy, match="queue_full"):
        begun(database)
    assert lessons.newest(database, "7b").state == RunStatus.CANCELLED


def test_one_lesson_is_claimed_at_a_time_by_however_many_workers(database):
    for number in range(4):
        begun(database, f"class {number}")
    claimed = []

    def work():
        for _ in range(12):
            if claim := claim_next(database):
                claimed.append(claim.lesson.id)
                assert claim_next(database) is None
                claim.release(RunStatus.DONE, live=None)

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(set(claimed)) == 4


def test_a_lesson_of_a_killed_worker_is_lost_and_its_class_may_begin_again(database):
    first = begun(database)
    claim = claim_next(database)
    age(database, timedelta(0), heartbeat=now() - LOST_AFTER - timedelta(seconds=1))
    found = lessons.newest(database, "7b")
    assert (found.id, found.state, found.code) == (first, RunStatus.LOST, "lost")
    with pytest.raises(LostRun):
        claim.heartbeat()
    second = begun(database)
    assert claim_next(database).lesson.id == second


def test_what_no_worker_begins_is_given_up_and_what_ended_is_forgotten(database):
    first = begun(database)
    assert lessons.waits_for(database, lesson_in(database, first)) == ""
    age(database, timedelta(seconds=20))
    assert lessons.waits_for(database, lesson_in(database, first)) == "worker"
    age(database, lessons.WAITS_FOR + timedelta(seconds=1))
    assert claim_next(database) is None
    lessons.prune(database)
    assert (found := lesson_in(database, first)).state == RunStatus.LOST
    assert (found.code, found.live) == ("expired", None)
    age(database, timedelta(0), ended=now() - lessons.KEPT_FOR - timedelta(seconds=1))
    lessons.prune(database)
    assert lessons.newest(database, "7b") is None


@on_sqlite
def test_only_the_newest_are_kept(database, monkeypatch):
    monkeypatch.setattr(lessons, "KEPT", 2)
    for number in range(4):
        begun(database, f"class {number}")
        claim_next(database).release(RunStatus.DONE, live=None)
    lessons.prune(database)
    with database.reading() as session:
        assert set(session.scalars(select(Lesson.class_key))) == {"class 2", "class 3"}


@on_sqlite
def test_a_lesson_is_trained_watched_and_leaves_no_version(database, tmp_path, monkeypatch):
    begun(database, mistake="no-eval")
    lesson = execute(database, tmp_path, PRINTS, monkeypatch)
    assert (lesson.state, lesson.code, lesson.live, lesson.slot) == ("done", "", None, None)
    progress = loaded(lesson.progress)
    assert [each.step for each in progress.points] == [0, 25]
    assert [each.picture for each in progress.frames] == ["UklG"]
    assert progress.outcome.claimed == 0.6
    with database.reading() as session:
        assert session.scalars(select(Run)).all() == []
    assert Versions(database, lambda: "shipped").cards() == {}


def test_the_command_trains_with_the_lessons_mistake_and_seed():
    assert command.watch("no-eval", 7)[1:] == [
        *("-m", "trainer", "watch", "mistakes/no-eval", "--seed", "7", "--json")
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('print(\'{"missing": ["mnist"]}\'); exit(1)', "no_data"),
        ("exit(3)", "failed"),
        ("print('half of a line')", "failed"),
        ("import signal, os; os.kill(os.getpid(), signal.SIGXCPU)", "too_long"),
    ],
)
def test_a_lesson_that_fails_says_why(database, tmp_path, monkeypatch, code, reason):
    begun(database)
    lesson = execute(database, tmp_path, code, monkeypatch)
    assert (lesson.state, lesson.code, lesson.live) == ("failed", reason, None)


@on_sqlite
def test_the_log_says_which_signal_killed_a_lesson(database, tmp_path, monkeypatch, caplog):
    begun(database)
    execute(database, tmp_path, "import signal, os; os.kill(os.getpid(), 9)", monkeypatch)
    assert "SIGKILL" in caplog.text


@on_sqlite
def test_the_lesson_under_way_is_the_newest_whatever_the_clock_said(database):
    first = begun(database)
    claim_next(database).release(RunStatus.DONE, live=None)
    second = begun(database)
    with database.writing() as session:  # the clock has been set back since the first
        session.get_one(Lesson, first).created = now() + timedelta(minutes=5)
    assert lessons.newest(database, "7b").id == second


@on_sqlite
def test_a_worker_without_torch_says_so(database, tmp_path, monkeypatch):
    begun(database)
    monkeypatch.setattr(lesson_job, "find_spec", lambda name: None)
    assert execute(database, tmp_path, PRINTS, monkeypatch).code == "no_torch"


@on_sqlite
def test_its_processor_time_and_its_threads_are_bounded(database, tmp_path, monkeypatch):
    """The kernel's signal at this limit is the reason `too_long`, above."""
    begun(database)
    is_bounded = (
        "import os, resource\n"
        "limits = resource.getrlimit(resource.RLIMIT_CPU), os.environ['OMP_NUM_THREADS']\n"
        f"assert limits == (({lesson_job.CPU_SECONDS}, {lesson_job.CPU_SECONDS + 5}), '1')\n"
    )
    assert execute(database, tmp_path, is_bounded + PRINTS, monkeypatch).state == "done"


@on_sqlite
def test_its_time_is_bounded_too(database, tmp_path, monkeypatch):
    begun(database)
    monkeypatch.setattr(lesson_job, "LONGEST", 0)
    assert execute(database, tmp_path, ENDLESS, monkeypatch).code == "too_long"


def test_a_retraining_that_waits_goes_first_and_the_lesson_begins_anew_after_it(
    database, tmp_path, monkeypatch
):
    identity = begun(database)
    with database.writing() as session:
        runs.enqueue(session, RetrainingOptions(), "test")
    lesson = execute(database, tmp_path, ENDLESS, monkeypatch)
    assert (lesson.state, lesson.live, lesson.progress) == ("queued", "7b", {})
    claim = runs.claim_next(database)
    assert lessons.waits_for(database, lesson) == "retraining"
    # Another worker may train it meanwhile: the run has been claimed.
    assert execute(database, tmp_path, PRINTS, monkeypatch).id == identity
    assert claim.heartbeat()
    assert lesson_in(database, identity).state == "done"


@on_sqlite
def test_a_worker_that_stops_puts_it_back_and_one_that_was_cancelled_ends(
    database, tmp_path, monkeypatch
):
    stopping = Event()
    stopping.set()
    identity = begun(database)
    assert execute(database, tmp_path, ENDLESS, monkeypatch, stopping).state == "queued"
    for stopped in (stopping, Event()):
        claim = claim_next(database)
        with database.writing() as session:
            lessons.cancel(session.get_one(Lesson, identity))
        LessonJob(database, claim, stopped, tmp_path).run()
        assert lesson_in(database, identity).state == "cancelled"
        identity = begun(database)


def test_what_is_kept_of_a_lesson_is_bounded():
    progress = LessonProgress()
    for step in range(2 * MAX_POINTS):
        line = LINES[1] | {"step": step, "layer": "a" * 15_000}
        progress.take(json.dumps(line))
    progress.take(json.dumps(LINES[1] | {"layer": "a" * 30_000}))
    progress.take("no line of ours")
    assert len(progress.points) == MAX_POINTS
    assert sum(len(each.picture) for each in progress.frames) <= 240_000


@on_sqlite
def test_the_worker_trains_what_waits_and_stops_in_the_middle_of_it(
    settings, database, tmp_path, monkeypatch
):
    monkeypatch.setattr("webapp.retraining.worker.PREPARE_DATA", ["true"])
    codes = iter([PRINTS, ENDLESS])
    monkeypatch.setattr(command, "watch", lambda *_: [sys.executable, "-c", next(codes)])
    first, second = begun(database), begun(database, "8a")

    def stop_in_the_second():
        while lesson_in(database, second).state != "running":
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        Thread(target=stop_in_the_second, daemon=True).start()
        Worker(settings(), database, tmp_path).run()
    finally:
        signal.alarm(0)
        for each, handler in handlers.items():
            signal.signal(each, handler)
    assert (lesson_in(database, first).state, lesson_in(database, second).state) == (
        "done",
        "queued",
    )
