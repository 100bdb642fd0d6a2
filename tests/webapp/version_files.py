"""Damages stored versions, as a disk or a person does."""

import msgspec
from sqlalchemy import update

from trainer.recognition.bundle import CARD_FILE, PRETRAINED
from webapp.storage import versions
from webapp.storage.database import Database
from webapp.storage.file_tables import VersionFile

MODEL = "model.onnx"


def spoil(database: Database, version: str, how: str = "altered") -> None:
    """Damage what is stored of a version."""
    with database.writing() as session:
        files = versions.files(session, version)
        card, model = files[CARD_FILE], files[MODEL]
        match how:
            case "truncated":
                changes = {MODEL: model[:1000]}
            case "altered":
                changes = {MODEL: model[:-1] + b"x"}
            case "another preprocessing":
                content = msgspec.json.decode(card) | {"preprocessing": 1}
                changes = {CARD_FILE: msgspec.json.encode(content)}
            case "another's card":
                names = (CARD_FILE, MODEL, "weights.safetensors")
                changes = {name: (PRETRAINED / "mlp" / name).read_bytes() for name in names}
            case "half a card":
                changes = {CARD_FILE: card[:100]}
            case "missing":
                changes = {}
                versions.remove(session, version)
        for name, content in changes.items():
            of_file = (VersionFile.version == version) & (VersionFile.name == name)
            first = update(VersionFile).where(of_file, VersionFile.part == 0)
            session.execute(first.values(content=content))


SPOILT = (
    "truncated", "altered", "another preprocessing", "another's card", "half a card", "missing",
)  # fmt: skip
