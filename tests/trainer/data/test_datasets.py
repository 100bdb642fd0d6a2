import gzip
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from trainer.data.datasets import DATA_SETS, GATE_PARTS, synthetic
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.samples import Split, hash_percent
from trainer.data.source import Source
from trainer.data.strokes import records
from trainer.data.strokes.hands import HANDS
from trainer.data.strokes.templates import TEMPLATES
from trainer.errors import TrainerError


def test_synthetic_digits_depend_on_the_seed_alone():
    first, second, other = (
        DATA_SETS["synthetic"].load(Split.TRAIN, None, 50, s) for s in (1, 1, 2)
    )
    assert first.sha256() == second.sha256()
    assert first.sha256() != other.sha256()


def test_the_synthetic_test_split_does_not_depend_on_the_seed():
    parts = [DATA_SETS["synthetic"].load(Split.TEST, None, 50, seed) for seed in (1, 2)]
    assert parts[0].sha256() == parts[1].sha256()
    assert parts[0].sha256() != DATA_SETS["synthetic"].load(Split.VALIDATION, None, 50, 1).sha256()


def test_every_digit_has_several_styles_and_all_are_drawn():
    assert all(len(TEMPLATES[digit]) >= 5 for digit in range(10))
    labels = DATA_SETS["synthetic"].load(Split.TRAIN, None, 200, 0).labels
    assert set(labels.tolist()) == set(range(10))


def test_drawings_never_repeat():
    rng = np.random.default_rng(0)
    seen = {
        b"".join(line.tobytes() for line in lines)
        for lines in (synthetic.synthetic_strokes(7, rng) for _ in range(500))
    }
    assert len(seen) == 500


@pytest.mark.parametrize("seed", range(20))
def test_the_whole_drawing_is_on_the_canvas(seed):
    rng = np.random.default_rng(seed)
    lines = synthetic.synthetic_strokes(int(rng.integers(10)), rng)
    style = replace(RenderStyle.random(rng, photos=0), transparent=False, jpeg=None)
    canvas = render(lines, style)
    edge = np.concatenate([canvas[0], canvas[-1], canvas[:, 0], canvas[:, -1]])
    assert (edge == style.paper).all()
    contrast = np.abs(np.subtract(style.ink, style.paper)).max()
    assert np.abs(canvas.astype(int) - style.paper).max() > contrast / 2


def test_the_hash_that_splits_data_sets_never_changes():
    assert [hash_percent(each) for each in (b"", b"a", b"writer 1")] == [10, 10, 41]
    counts = np.bincount([hash_percent(str(i).encode()) for i in range(20_000)], minlength=100)
    assert len(counts) == 100
    assert counts.min() > 130


def test_a_writer_is_always_in_the_same_split():
    assert records.split_of("ced/aike2911") is records.split_of("ced/aike2911")
    parts = [records.split_of(f"writer {i}") for i in range(2000)]
    assert 0.66 < parts.count(Split.TRAIN) / 2000 < 0.74
    assert 0.17 < parts.count(Split.TEST) / 2000 < 0.23


def test_no_writer_is_in_two_splits(pen_strokes):
    writers = {split: set() for split in Split}
    for record in records.read(pen_strokes, "digits"):
        writers[records.split_of(record.writer)].add(record.writer)
    assert all(len(names) >= 10 for names in writers.values())
    assert not writers[Split.TRAIN] & writers[Split.TEST]
    assert not writers[Split.TRAIN] & writers[Split.VALIDATION]


@pytest.mark.parametrize(
    "line", ["{", "{}", '{"label": "7", "strokes": [], "writer": "w"}', '{"label": "x"}', "[]"]
)
def test_an_invalid_stroke_record_is_reported_with_file_and_line(tmp_path, line):
    good = json.dumps({"label": "7", "strokes": [[[0, 0], [1, 1]]], "writer": "w"})
    (tmp_path / "strokes").mkdir()
    with gzip.open(tmp_path / "strokes" / "digits-a.jsonl.gz", "wt") as file:
        file.write(f"{good}\n{line}\n")
    with pytest.raises(TrainerError, match=r"digits-a\.jsonl\.gz:2: not a stroke record"):
        list(records.read(tmp_path, "digits"))


def test_a_single_point_is_a_dot():
    record_like = [np.array([[5.0, 5.0]])]
    canvas = render(record_like, RenderStyle(side=100, size=0.5, pen=10))
    assert 50 < (canvas < 128).sum() < 150


def test_the_error_for_missing_strokes_says_what_to_do(tmp_path):
    with pytest.raises(TrainerError, match="INKLING_DATA"):
        list(records.read(tmp_path, "digits"))


@pytest.mark.parametrize("text", ["synthetic:0", "synthetic:-3", "synthetic:many"])
def test_an_invalid_size_is_refused(text):
    with pytest.raises(TrainerError, match="whole number above 0"):
        Source.parse(text)


def test_an_unknown_data_set_is_refused_with_the_closest_name():
    with pytest.raises(TrainerError, match="did you mean 'synthetic'"):
        Source.parse("sinthetic")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x03", b"\0\0\x08\x03" + bytes(100), b"hello"])
def test_a_damaged_mnist_is_reported(tmp_path, content):
    raw = tmp_path / "mnist" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{part}-ubyte").write_bytes(content)
    with pytest.raises(TrainerError, match="damaged"):
        DATA_SETS["mnist"].load(Split.TRAIN, tmp_path, None, 0)


def test_a_missing_mnist_that_cannot_be_downloaded_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing listens
    with pytest.raises(TrainerError, match=r"could not be downloaded .*INKLING_DATA"):
        DATA_SETS["mnist"].load(Split.TRAIN, tmp_path, None, 0)


def test_mnist_is_split_and_the_splits_and_the_gate_part_are_disjoint(mnist):
    parts = [DATA_SETS["mnist"].load(split, mnist, None, 0) for split in Split]
    parts.append(GATE_PARTS["mnist"](mnist))
    assert [len(part) for part in parts] == [50_404, 5_000, 10_000, 4_596]
    train, validation, _test, gate = ({p.tobytes() for p in part.pixels} for part in parts)
    assert len(train & validation) + len(gate & (train | validation)) < 10  # MNIST repeats a few
    assert len(set(parts[-1].writers)) == 50


@pytest.fixture
def unrecorded(tmp_path, monkeypatch):
    """No writer is recorded yet."""
    monkeypatch.setattr(records, "_WRITERS", tmp_path / "writers.json")
    records._recorded.cache_clear()
    yield tmp_path
    records._recorded.cache_clear()


def test_the_recorded_split_of_a_writer_takes_precedence_over_the_hash(unrecorded):
    lines = [np.array([[0.0, 0.0], [1.0, 2.5]])]
    for kind, label in (("digits", "7"), ("letters", "x")):
        file = unrecorded / "strokes" / f"{kind}-a.jsonl.gz"
        assert records.write(file, [records.Record(label, lines, f"site/{kind}")]) == 1
    assert [r.strokes[0].tolist() for r in records.read(unrecorded, "digits")] == [
        lines[0].tolist()
    ]
    assert records.record_writers(unrecorded) == 2
    text = (unrecorded / "writers.json").read_text()
    assert "site" not in text  # no name of a writer stands in the project
    parts = json.loads(text)
    here = next(part for part, names in parts.items() if records._name_hash("site/digits") in names)
    assert records.split_of("site/digits") == here
    other = next(part for part in parts if part != here)
    moved = {part: [] for part in parts} | {other: [records._name_hash("site/digits")]}
    (unrecorded / "writers.json").write_text(json.dumps(moved))
    records._recorded.cache_clear()
    assert records.split_of("site/digits") == other


def test_every_writer_of_the_files_is_recorded(pen_strokes):
    recorded = records._recorded()
    for kind in ("digits", "letters"):
        for record in records.read(pen_strokes, kind):
            assert records._name_hash(record.writer) in recorded


@pytest.mark.parametrize(
    ("digit", "hand"), [(digit, hand) for digit in HANDS for hand in HANDS[digit]]
)
def test_each_form_comes_in_many_hands_near_the_unit_square(digit, hand):
    assert digit in {0, 1, 6, 8}
    drawn = [hand(np.random.default_rng(seed)) for seed in range(30)]
    assert len({repr(style) for style in drawn}) == 30
    points = np.array([point for style in drawn for stroke in style for point in stroke])
    assert points.min() > -0.5
    assert points.max() < 1.5
    assert all(len(stroke) >= 2 for style in drawn for stroke in style)


def test_hands_are_a_data_set_of_their_own():
    first, again = (DATA_SETS["hands"].load(Split.TRAIN, None, 30, 1) for _ in range(2))
    assert first.sha256() == again.sha256()
    assert set(first.labels.tolist()) == {0, 1, 6, 8}
    assert first.has_ink.all()


def test_the_samples_of_the_synthetic_set_never_change():
    """Recipes and cards refer to them by seed."""
    rng = np.random.default_rng(5)
    lines = [line for label in range(10) for line in synthetic.synthetic_strokes(label, rng)]
    assert sum(map(len, lines)) == 215
    assert np.vstack(lines).sum() == pytest.approx(6.62304988, abs=1e-6)


@pytest.mark.parametrize("name", ["printed", "small"])
def test_unusual_digits_depend_on_seed_and_split_alone(pen_strokes, name):
    def load(split, seed):
        return DATA_SETS[name].load(split, pen_strokes, 20, seed)

    first = load(Split.TRAIN, 1)
    assert first.sha256() == load(Split.TRAIN, 1).sha256() != load(Split.TRAIN, 2).sha256()
    assert load(Split.TEST, 1).sha256() == load(Split.TEST, 2).sha256()
    assert load(Split.TEST, 1).sha256() != load(Split.VALIDATION, 1).sha256()
    assert first.labels.max() < 10
    assert first.has_ink.mean() >= 0.9


def test_printed_digits_are_bold_and_hollow():
    """In a hollow one, little ink is far from paper."""
    printed = DATA_SETS["printed"].load(Split.TRAIN, None, 60, 0)
    depths = [
        cv2.distanceTransform((each > 100).astype(np.uint8), cv2.DIST_L2, 3).max()
        for each in printed.pixels[~np.isin(printed.labels, [0, 8])]
    ]
    assert 0.3 < np.mean(np.array(depths) < 1.9) < 0.9
    assert max(depths) > 2.5
