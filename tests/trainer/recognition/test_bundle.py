import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from trainer.atomic import write_file, write_folder
from trainer.recognition import preprocess
from trainer.recognition.bundle import (
    PRETRAINED,
    BundleError,
    copy_bundle,
    must_be_free,
    read_bundle,
    write_bundle,
    write_bundle_files,
)
from trainer.recognition.recognizer import Recognizer


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(PRETRAINED / "inkling", tmp_path / "copy")


def test_a_bundle_that_is_written_can_be_read(tmp_path):
    shipped = read_bundle(PRETRAINED / "inkling")
    weights = (PRETRAINED / "inkling" / "weights.safetensors").read_bytes()
    write_bundle(tmp_path / "new", shipped.card, shipped.model, weights)
    again = read_bundle(tmp_path / "new")
    assert again.card == shipped.card
    assert again.model == shipped.model


@pytest.mark.parametrize("name", ["model.onnx", "weights.safetensors"])
def test_an_altered_file_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match="does not match the hash"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["model.onnx", "weights.safetensors", "card.json"])
def test_a_missing_or_truncated_file_is_refused(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleError, match=name):
        read_bundle(folder)
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_bundle(folder)


def test_a_bundle_for_another_preprocessing_is_refused(folder):
    card = json.loads((folder / "card.json").read_text())
    card["preprocessing"] = preprocess.VERSION + 1
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleError, match="made for preprocessing"):
        read_bundle(folder)


def test_a_valid_bundle_that_onnx_runtime_cannot_load_is_refused(tmp_path):
    shipped = read_bundle(PRETRAINED / "inkling")
    bundle = write_bundle(tmp_path / "bad", shipped.card, b"not a model", b"weights")
    with pytest.raises(BundleError, match="cannot load"):
        Recognizer(bundle)


def paths_in(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


@pytest.mark.parametrize("other", ["inkling.db", "another/model.onnx", "card.json/file"])
def test_a_folder_that_holds_anything_but_a_bundle_is_never_replaced(tmp_path, other):
    (tmp_path / "home" / other).parent.mkdir(parents=True)
    (tmp_path / "home" / other).write_text("precious")
    before = paths_in(tmp_path)
    shipped = read_bundle(PRETRAINED / "lenet5")
    for write in (
        lambda: write_bundle(tmp_path / "home", shipped.card, shipped.model, b""),
        lambda: copy_bundle(shipped, tmp_path / "home"),
        lambda: write_bundle_files(tmp_path / "home", {"card.json": b""}),
    ):
        with pytest.raises(BundleError, match=f"holds {other.split('/')[0]}, which is no part"):
            write()
    assert paths_in(tmp_path) == before


def test_a_bundle_takes_the_place_of_an_empty_folder_or_an_earlier_bundle(tmp_path):
    (tmp_path / "it").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "it")
    for folder, name in (("it", "mlp"), ("it", "lenet5"), ("link", "mlp")):
        shipped = read_bundle(PRETRAINED / name)
        assert copy_bundle(shipped, tmp_path / folder).card == shipped.card
    assert read_bundle(tmp_path / "it").card == shipped.card
    assert sorted(os.listdir(tmp_path)) == ["it", "link"]


def test_neither_a_file_nor_the_working_directory_becomes_a_bundle(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for folder in (tmp_path / "file", tmp_path / "file" / "new"):
        with pytest.raises(BundleError, match="file is a file"):
            must_be_free(folder)
    for here in (Path(), Path("../here"), tmp_path / "here"):
        with pytest.raises(BundleError, match="is the working directory"):
            must_be_free(here)


def test_a_reader_never_sees_a_partially_written_folder(tmp_path):
    """Replace a folder repeatedly while another thread reads it."""
    files = {"a": b"0" * 100_000, "b": b"0" * 100_000}
    write_folder(tmp_path / "it", files)
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            try:
                fd = os.open(tmp_path / "it", os.O_RDONLY)
            except FileNotFoundError:
                continue  # between the two renames
            try:
                names = set(os.listdir(fd))
                seen.add(frozenset(names))
            finally:
                os.close(fd)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        write_folder(tmp_path / "it", files)
    done.set()
    reader.join()
    # The old folder may be seen while it is being removed, but never a partial new one.
    assert frozenset({"a", "b"}) in seen
    assert sorted(os.listdir(tmp_path)) == ["it"]


def test_a_failed_write_leaves_the_old_content(tmp_path):
    write_file(tmp_path / "file", b"old")
    with pytest.raises(TypeError):
        write_file(tmp_path / "file", "not bytes")  # type: ignore[arg-type]
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]

    write_folder(tmp_path / "folder", {"a": b"old"})
    with pytest.raises(TypeError):
        write_folder(tmp_path / "folder", {"a": b"new", "b": None})  # type: ignore[dict-item]
    assert (tmp_path / "folder" / "a").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
