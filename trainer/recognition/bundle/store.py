"""Reads, checks and writes bundles. Folders are written atomically."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trainer.atomic import write_folder
from trainer.recognition import preprocess
from trainer.recognition.bundle.card import Card

PRETRAINED = Path(__file__).resolve().parents[3] / "webapp" / "pretrained"
"""The folder of the bundles shipped with the project, one subfolder each."""

CARD_FILE = "card.json"
_MODEL, _WEIGHTS = "model.onnx", "weights.safetensors"
BUNDLE_FILES = (CARD_FILE, _MODEL, _WEIGHTS)
"""Names of a bundle's files."""


class BundleError(Exception):
    """A folder that is not a valid bundle for this version, or that cannot become one.

    The message says why.
    """


@dataclass(frozen=True, slots=True)
class Bundle:
    """A valid bundle: hashes and preprocessing version were checked."""

    folder: Path
    card: Card
    model: bytes
    """The content of `model.onnx`."""


def must_be_free(folder: Path) -> None:
    """Raise `BundleError` if writing a bundle to this folder would delete anything else.

    A bundle replaces its whole folder, so that this may be missing, empty, or an earlier bundle,
    but not the working directory, a file, or a folder that holds other files.
    """
    try:
        for place in (folder, *folder.parents):
            if place.exists() and not place.is_dir():
                raise BundleError(f"{place} is a file; a bundle needs a folder")
        is_here = folder.resolve() == Path.cwd()
        content = sorted(folder.iterdir()) if folder.exists() else []
        others = [each.name for each in content if each.is_dir() or each.name not in BUNDLE_FILES]
    except OSError as error:
        raise BundleError(f"{folder}: {error.strerror or error}") from error
    if is_here:
        raise BundleError(f"{folder} is the working directory; a bundle needs a folder of its own")
    if others:
        raise BundleError(
            f"{folder} holds {others[0]}, which is no part of a bundle; "
            "choose another folder, as a bundle replaces all that is in it"
        )


def write_bundle(folder: Path, card: Card, model: bytes, weights: bytes) -> Bundle:
    """Write a bundle atomically, with the hashes of its files in the card.

    `model` is the content of `model.onnx`, `weights` that of `weights.safetensors`. Replaces a
    bundle that exists. Raises `BundleError` as `must_be_free` does, and `OSError` if the folder
    cannot be written.
    """
    must_be_free(folder)
    files = {_MODEL: model, _WEIGHTS: weights}
    card = msgspec.structs.replace(card, sha256={name: _sha256(files[name]) for name in files})
    text = msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"
    write_folder(folder, files | {CARD_FILE: text})
    return Bundle(folder, card, model)


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check it.

    Raises `BundleError` if a file is missing or does not match its hash, if the card cannot be
    decoded, or if the model was made for another version of preprocessing.
    """
    return check_bundle(read_bundle_files(folder), folder)


def check_bundle(files: Mapping[str, bytes], folder: Path) -> Bundle:
    """The bundle of these files, content by name; `folder` is where they are, for messages.

    Raises `BundleError` as `read_bundle` does.
    """
    card = check_card(files.get(CARD_FILE, b""), folder)
    for name in (_MODEL, _WEIGHTS):
        if card.sha256.get(name) != _sha256(files.get(name, b"")):
            raise BundleError(f"{folder / name}: does not match the hash in the card")
    return Bundle(folder, card, files[_MODEL])


def check_card(content: bytes, folder: Path) -> Card:
    """The card in this content of `card.json`. Raises `BundleError` as `read_bundle` does."""
    try:
        card = msgspec.json.decode(content, type=Card)
    except msgspec.DecodeError as error:
        raise BundleError(f"{folder / CARD_FILE}: {error}") from error
    if card.preprocessing != preprocess.VERSION:
        raise BundleError(
            f"{folder}: made for preprocessing version {card.preprocessing}, "
            f"but this is version {preprocess.VERSION}"
        )
    return card


def read_bundle_files(folder: Path, most: int | None = None) -> dict[str, bytes]:
    """The content of a bundle's files by name, unchecked.

    Raises `BundleError` if a file cannot be read, or if they have more than `most` bytes together.
    """
    try:
        size = sum((folder / name).stat().st_size for name in BUNDLE_FILES)
        if most is not None and size > most:
            raise BundleError(f"{folder}: larger than {most >> 20} MB")
        return {name: (folder / name).read_bytes() for name in BUNDLE_FILES}
    except OSError as error:
        raise BundleError(f"{error.filename}: {error.strerror or error}") from error


def read_weights(bundle: Bundle) -> bytes:
    """The content of `weights.safetensors`. Raises `BundleError` if it is missing or altered."""
    weights = _read(bundle.folder / _WEIGHTS)
    if bundle.card.sha256.get(_WEIGHTS) != _sha256(weights):
        raise BundleError(f"{bundle.folder / _WEIGHTS}: does not match the hash in the card")
    return weights


def copy_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """Copy a bundle to another folder, byte for byte.

    Raises `BundleError` as `read_bundle` and `must_be_free` do.
    """
    write_bundle_files(folder, read_bundle_files(bundle.folder))
    return read_bundle(folder)


def write_bundle_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a bundle's files, content by name, atomically but unchecked.

    Raises `BundleError` as `must_be_free` does.
    """
    must_be_free(folder)
    write_folder(folder, files)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
