import json
import os
import shutil
import threading

import pytest

from trainer.atomic import write_file, write_folder
from trainer.recognition import preprocess
from trainer.recognition.bundle import PRETRAINED, BundleError, read_bundle, write_bundle
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
