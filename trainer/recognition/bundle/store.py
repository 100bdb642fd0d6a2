"""Reading and writing bundles."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trainer.atomic import write_folder
from trainer.recognition import preprocess
from trainer.recognition.bundle.card import Card

PRETRAINED = Path(__file__).resolve().parents[3] / "webapp" / "pretrained"
"""The bundles that come with the project, one folder each."""

_MODEL, _WEIGHTS, _CARD = "model.onnx", "weights.safetensors", "card.json"


class BundleError(Exception):
    """A folder that is not a sound bundle for this version; the message says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A sound bundle: its hashes were compared and its preprocessing is ours."""

    folder: Path
    card: Card
    model: bytes


def write_bundle(folder: Path, card: Card, model: bytes, weights: bytes) -> Bundle:
    """Write a bundle so that a half-written one is never seen; fill in the card's hashes."""
    files = {_MODEL: model, _WEIGHTS: weights}
    card = msgspec.structs.replace(card, sha256={name: _sha256(files[name]) for name in files})
    text = msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"
    write_folder(folder, files | {_CARD: text})
    return Bundle(folder, card, model)


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle. Raises `BundleError`, with the reason, for one that must not be used."""
    card = _read_card(folder)
    if card.preprocessing != preprocess.VERSION:
        raise BundleError(
            f"{folder}: made for preprocessing {card.preprocessing}, this is {preprocess.VERSION}"
        )
    files = {name: _read(folder / name) for name in (_MODEL, _WEIGHTS)}
    for name, content in files.items():
        if card.sha256.get(name) != _sha256(content):
            raise BundleError(f"{folder / name}: does not match the hash in the card")
    return Bundle(folder, card, files[_MODEL])


def read_weights(bundle: Bundle) -> bytes:
    """Its weights in the safetensors format. Raises `BundleError` as reading it does."""
    weights = _read(bundle.folder / _WEIGHTS)
    if bundle.card.sha256.get(_WEIGHTS) != _sha256(weights):
        raise BundleError(f"{bundle.folder / _WEIGHTS}: does not match the hash in the card")
    return weights


def copy_bundle(bundle: Bundle, folder: Path) -> Bundle:
    """Copy a bundle to another folder, byte for byte. Raises `BundleError` as reading it does."""
    files = {name: _read(bundle.folder / name) for name in (_MODEL, _WEIGHTS, _CARD)}
    write_folder(folder, files)
    return read_bundle(folder)


def _read_card(folder: Path) -> Card:
    try:
        return msgspec.json.decode(_read(folder / _CARD), type=Card)
    except msgspec.DecodeError as error:
        raise BundleError(f"{folder / _CARD}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
