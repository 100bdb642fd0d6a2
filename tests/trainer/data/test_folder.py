"""Pictures of one's own: a folder for each digit."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.trainer.conftest import trainer
from trainer.data.datasets.folder import UnreadablePicture
from trainer.data.samples import NOT_A_DIGIT, Split
from trainer.data.source import Source
from trainer.errors import TrainerError


@pytest.fixture
def own(some_digits, tmp_path):
    """A folder of pictures that nobody has parted, with one that is not a picture."""
    folder = shutil.copytree(some_digits / "test", tmp_path / "own")
    (folder / "3" / "notes.txt").write_text("my threes")
    return folder


def load(folder, split):
    return Source.parse(f"folder:{folder}").load(split)


def test_parts_are_taken_as_they_stand(some_digits):
    assert [len(load(some_digits, split)) for split in Split] == [1_500, 200, 300]


def test_labels_are_the_folders_names_and_each_picture_knows_its_file(some_digits):
    samples = load(some_digits, Split.TEST)
    assert np.bincount(samples.labels).tolist() == [30] * 10
    for label, file in zip(samples.labels, samples.files, strict=True):
        assert f"/test/{label}/" in file
    assert samples.pixels.any(axis=(1, 2)).all()


@pytest.mark.filterwarnings("ignore::trainer.data.datasets.folder.UnreadablePicture")
def test_what_nobody_parted_falls_into_parts_that_share_no_picture(own):
    parts = [load(own, split) for split in Split]
    assert sum(map(len, parts)) == 300
    assert len(parts[0]) > 200
    files = [set(part.files) for part in parts]
    assert not files[0] & files[1] | files[0] & files[2] | files[1] & files[2]
    shutil.copy(parts[2].files[0], own / "0" / "copy.png")
    assert any(file.endswith("copy.png") for file in load(own, Split.TEST).files)


@pytest.mark.filterwarnings("ignore::trainer.data.datasets.folder.UnreadablePicture")
def test_a_missing_validation_part_is_taken_from_training(some_digits, tmp_path):
    folder = shutil.copytree(some_digits, tmp_path / "own")
    shutil.rmtree(folder / "validation")
    train, validation, test = (load(folder, split) for split in Split)
    assert len(train) + len(validation) == 1_500
    assert 50 < len(validation) < 300
    assert len(test) == 300


def test_what_cannot_be_read_is_named_counted_and_left_out(own):
    with pytest.warns(UnreadablePicture) as told:
        loaded = [load(own, split) for split in Split]
    assert sum(map(len, loaded)) == 300
    words = [str(each.message) for each in told]
    assert any("notes.txt: not a PNG, JPEG" in each for each in words)
    assert any("1 of " in each and "left out" in each for each in words)


def test_pictures_of_any_kind_go_through_the_same_preprocessing(tmp_path, seven):
    place = tmp_path / "test" / "7"
    place.mkdir(parents=True)
    kinds = {"a.png": seven, "b.jpg": seven, "c.png": 255 - seven, "d.webp": np.dstack([seven] * 3)}
    for name, picture in kinds.items():
        Image.fromarray(picture).save(place / name)
    other = tmp_path / "test" / "not_a_digit"
    other.mkdir()
    Image.fromarray(seven[:, ::-1]).save(other / "e.png")
    samples = load(tmp_path, Split.TEST)
    pixels, labels = samples.pixels.astype(int), samples.labels
    assert sorted(labels) == [7, 7, 7, 7, NOT_A_DIGIT]
    sevens = pixels[labels == 7]
    assert np.abs(sevens - sevens[0]).mean() < 4


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("folder:a/b", Source("folder", None, "a/b")),
        ("folder:a:12", Source("folder", 12, "a")),
        ("folder:c:/a", Source("folder", None, "c:/a")),
        ("mnist:12", Source("mnist", 12)),
    ],
)
def test_a_source_is_written_as_it_is_read(text, source):
    parsed = Source.parse(text)
    assert (parsed.name, parsed.size) == (source.name, source.size)
    assert parsed.path is None or str(parsed.path) == source.path
    assert str(parsed) == text


@pytest.mark.parametrize("text", ["folder", "folder:", "mnist:a", "mnist:0", "folder:a:0"])
def test_a_source_that_is_none_is_told(text):
    with pytest.raises(TrainerError):
        Source.parse(text)


def test_a_folder_without_pictures_is_told(tmp_path):
    with pytest.raises(TrainerError, match="no train pictures"):
        load(tmp_path, Split.TRAIN)


def test_exported_pictures_are_trained_and_told_by_file(own, tmp_path):
    result = trainer("data", "export-images", "png", "--data", f"folder:{own}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "notes.txt: not a PNG" in result.stderr
    original = load(own, Split.TEST)
    exported = load(tmp_path / "png", Split.TEST)
    assert (np.sort(original.labels) == exported.labels).all()
    again = trainer("data", "export-images", "png", cwd=tmp_path)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    trained = trainer(
        *("train", "--preset", "mlp", "--data", "folder:png", "--epochs", "1"),
        *("--folder", "run", "--json"),
        cwd=tmp_path,
    )
    assert trained.returncode == 0, trained.stderr
    page = (tmp_path / "run" / "report.html").read_text()
    assert "png/test/" in page
    card = json.loads(trained.stdout.splitlines()[-1])["card"]
    assert card["attribution"] == ["Pictures from a folder of one's own"]


def test_strict_stops_at_the_first_picture_that_cannot_be_read(own, tmp_path):
    result = trainer(
        "train", "--data", f"folder:{own}", "--strict", "--folder", "run", cwd=tmp_path
    )
    assert result.returncode == 1
    assert "notes.txt: not a PNG" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_grid_and_the_counts_of_a_data_set(own, tmp_path):
    shown = trainer("data", "show", f"folder:{own}", "--output", "grid.png", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert Image.open(tmp_path / "grid.png").width > 500
    counted = trainer("data", "stats", f"folder:{own}", cwd=tmp_path)
    assert counted.returncode == 0, counted.stderr
    rows = counted.stdout.splitlines()
    assert rows[0].split()[:2] == ["part", "pictures"]
    assert [row.split()[0] for row in rows[1:]] == list(Split)
    assert sum(int(row.split()[1].replace(",", "")) for row in rows[1:]) == 300
