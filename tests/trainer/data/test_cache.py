"""Caching of rendered samples, and rendering in several processes."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from trainer.data import cache, parallel
from trainer.data.cache import cached
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.errors import TrainerError


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def made(home):
    """Look up samples of a name, which are made where they are not cached; how often they were."""

    class Made:
        times = 0

        def get(self, files=(), settings=None):
            def make() -> Samples:
                self.times += 1
                return Samples(np.full((2, 28, 28), self.times, np.uint8), np.arange(2))

            return cached("set", files, make, settings).pixels[0, 0, 0]

    return Made()


def test_an_entry_depends_on_the_content_of_files_and_not_on_their_times(made, tmp_path):
    file, copy = tmp_path / "data", tmp_path / "copy"
    file.write_text("1")
    copy.write_text("1")
    assert [made.get([file]), made.get([copy])] == [1, 1]
    file.write_text("2")
    assert made.get([file]) == 2
    file.write_text("1")
    assert made.get([file]) == 1


def test_a_damaged_entry_is_made_again(made, home):
    made.get()
    (entry,) = (home / "cache").glob("set-*.npz")
    entry.write_bytes(entry.read_bytes()[:200])
    assert made.get() == 2


@pytest.mark.parametrize("library", [cv2, np])
def test_another_version_of_a_library_that_draws_makes_samples_again(made, library, monkeypatch):
    made.get()
    monkeypatch.setattr(library, "__version__", "0.1")
    assert made.get() == 2


@pytest.mark.parametrize(
    ("change", "times"),
    [
        ('"""Another docstring."""\nX = 1\n', 1),
        ("# A comment.\n\nX = 1\n", 1),
        ('X = 1\n"""Of the attribute."""\n', 1),
        ("X = 2\n", 2),
    ],
)
def test_only_what_code_does_makes_samples_again(made, change, times, tmp_path, monkeypatch):
    module = tmp_path / "code" / "data" / "module.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(cache, "_PACKAGE", tmp_path / "code")
    for text in ('"""A docstring."""\n\nX = 1\n', change):
        module.write_text(text)
        cache._code.cache_clear()
        made.get()
    cache._code.cache_clear()
    assert made.times == times


def test_the_newest_entries_of_a_name_are_kept(made, home):
    for size in range(5):
        made.get(settings=size)
    assert len(list((home / "cache").glob("set-*.npz"))) == 3
    made.get(settings=4)
    assert made.times == 5
    made.get(settings=0)
    assert made.times == 6


def test_training_samples_are_cached_by_size_and_seed(home):
    source = Source("scribbles", 8)
    first = source.load(Split.TRAIN, 1).sha256()
    assert source.load(Split.TRAIN, 1).sha256() == first
    assert source.load(Split.TRAIN, 2).sha256() != first
    assert len(list((home / "cache").glob("scribbles-train-*.npz"))) == 2


class Squares:
    """Work for child processes, which fails at an index."""

    def __init__(self, dies_at: int = -1) -> None:
        self.dies_at = dies_at

    def __call__(self, indices: range) -> list[int]:
        if self.dies_at in indices:
            import os

            os._exit(3)
        return [index**2 for index in indices]


def test_many_chunks_are_worked_on_by_spawned_processes_in_order():
    results = parallel.in_chunks(Squares(), 900)
    assert [each for chunk in results for each in chunk] == [index**2 for index in range(900)]


def test_a_child_process_that_is_killed_is_reported():
    with pytest.raises(TrainerError, match="a process that prepared them was killed"):
        parallel.in_chunks(Squares(dies_at=600), 900)


def test_cores_are_counted_where_the_system_does_not_know_affinities(monkeypatch):
    """On macOS and Windows there is no `sched_getaffinity`."""
    monkeypatch.delenv("PYTHON_CPU_COUNT", raising=False)
    assert parallel.usable_cores() >= 1
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert parallel.usable_cores() == 6
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert parallel.usable_cores() == 1
    assert sum(map(len, parallel.in_chunks(Squares(), 600))) == 600
    monkeypatch.setenv("PYTHON_CPU_COUNT", "3")
    assert parallel.usable_cores() == 3


def test_a_slim_installation_needs_no_progress_bar_for_a_few_samples():
    code = (
        "import sys; sys.modules['tqdm'] = None;"
        "from trainer.data.parallel import in_chunks; assert in_chunks(len, 500) == [250, 250]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
