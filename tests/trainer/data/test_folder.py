"""The user's own images, in a folder."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.trainer.conftest import trainer
from trainer.data.datasets.folder import UnreadablePicture
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.recognition.labels import NOT_A_DIGIT


@pytest.fixture
def own(some_digits, tmp_path):
    """A folder of images without splits, and with one file that is not an image."""
    folder = shutil.copytree(some_digits / "test", tmp_path / "own")
    (folder / "3" / "notes.txt").write_text("my threes")
    return folder


def load(folder, split):
    return Source.parse(f"folder:{folder}").load(split)


def test_folders_of_splits_are_used_as_they_are(some_digits):
    assert [len(load(some_digits, split)) for split in Split] == [500, 100, 200]


def test_labels_are_the_names_of_the_folders_and_each_sample_has_its_file(some_digits):
    samples = load(some_digits, Split.TEST)
    assert np.bincount(samples.labels).tolist() == [20] * 10
    for label, file in zip(samples.labels, samples.files, strict=True):
        assert f"/test/{label}/" in file
    assert samples.pixels.any(axis=(1, 2)).all()


@pytest.mark.filterwarnings("ignore::trainer.data.datasets.folder.UnreadablePicture")
def test_a_folder_without_splits_is_split_without_overlap(own):
    parts = [load(own, split) for split in Split]
    assert sum(map(len, parts)) == 200
    assert len(parts[0]) > 130
    files = [set(part.files) for part in parts]
    assert not files[0] & files[1] | files[0] & files[2] | files[1] & files[2]
    shutil.copy(parts[2].files[0], own / "0" / "copy.png")
    assert any(file.endswith("copy.png") for file in load(own, Split.TEST).files)


@pytest.mark.filterwarnings("ignore::trainer.data.datasets.folder.UnreadablePicture")
def test_a_missing_validation_split_is_taken_from_training(some_digits, tmp_path):
    folder = shutil.copytree(some_digits, tmp_path / "own")
    shutil.rmtree(folder / "validation")
    train, validation, test = (load(folder, split) for split in Split)
    assert len(train) + len(validation) == 500
    assert 20 < len(validation) < 100
    assert len(test) == 200


def test_unreadable_files_are_reported_counted_and_skipped(own):
    with pytest.warns(UnreadablePicture) as warned:
        loaded = [load(own, split) for split in Split]
    assert sum(map(len, loaded)) == 200
    words = [str(each.message) for each in warned]
    assert any("notes.txt: not a PNG, JPEG" in each for each in words)
    assert any("1 of " in each and "left out" in each for each in words)


def test_images_of_any_kind_are_preprocessed_alike(tmp_path, seven):
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
def test_a_source_is_written_as_it_was_parsed(text, source):
    parsed = Source.parse(text)
    assert (parsed.name, parsed.size) == (source.name, source.size)
    assert parsed.path is None or str(parsed.path) == source.path
    assert str(parsed) == text


@pytest.mark.parametrize("text", ["folder", "folder:", "mnist:a", "mnist:0", "folder:a:0"])
def test_an_invalid_source_is_refused(text):
    with pytest.raises(TrainerError):
        Source.parse(text)


def test_a_folder_without_images_is_reported(tmp_path):
    with pytest.raises(TrainerError, match="no train pictures"):
        load(tmp_path, Split.TRAIN)


def test_exported_images_can_be_trained_on_and_are_reported_by_file(own, tmp_path):
    result = trainer("data", "export-images", "png", "--data", f"folder:{own}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "notes.txt: not a PNG" in result.stderr
    original = load(own, Split.TEST)
    exported = load(tmp_path / "png", Split.TEST)
    assert (np.sort(original.labels) == exported.labels).all()
    again = trainer("data", "export-images", "png", cwd=tmp_path)
    assert again.returncode == 1
    assert "already exists" in again.stderr
    trained = trainer(
        *("train", "--preset", "mlp", "--data", "folder:png", "--epochs", "1"),
        *("--folder", "run", "--json"),
        cwd=tmp_path,
    )
    assert trained.returncode == 0, trained.stderr
    page = (tmp_path / "run" / "report.html").read_text()
    assert "png/test/" in page
    card = json.loads(trained.stdout.splitlines()[-1])["card"]
    assert card["attribution"] == ["Images from the user's own folder"]


def test_strict_stops_at_the_first_unreadable_image(own, tmp_path):
    result = trainer(
        "train", "--data", f"folder:{own}", "--strict", "--folder", "run", cwd=tmp_path
    )
    assert result.returncode == 1
    assert "notes.txt: not a PNG" in result.stderr
    assert not (tmp_path / "run").exists()


def test_data_sets_can_be_shown_as_a_grid_and_counted(own, tmp_path):
    show = ("data", "show", f"folder:{own}", "--split", "test")
    shown = trainer(*show, "--output", "grid.png", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert Image.open(tmp_path / "grid.png").width > 500
    counted = trainer("data", "stats", f"folder:{own}", cwd=tmp_path)
    assert counted.returncode == 0, counted.stderr
    rows = counted.stdout.splitlines()
    assert rows[0].split()[:2] == ["split", "pictures"]
    assert [row.split()[0] for row in rows[1:]] == list(Split)
    assert sum(int(row.split()[1].replace(",", "")) for row in rows[1:]) == 200


@pytest.mark.parametrize("folder", ["file/png", "/proc/png", "/proc/png/png"])
def test_images_are_not_exported_to_where_no_folder_can_be_made(tmp_path, folder):
    (tmp_path / "file").touch()
    refused = trainer("data", "export-images", folder, "--data", "synthetic", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {folder} cannot be written: ")
    assert refused.stderr.count("\n") == 1
