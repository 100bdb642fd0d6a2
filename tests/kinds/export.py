"""Writes pictures of each kind as a folder that `trainer benchmark --pictures` measures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.kinds.measure import picture, records
from trainer.data.samples import Split
from trainer.recognition.labels import NOT_A_DIGIT_NAME


def export(
    folder: Path, kinds: Iterable[str], count: int, seed: int, split: Split, letters: bool
) -> int:
    """Write `count` pictures of each kind and their manifest; returns the number of pictures."""
    chosen = records(split, letters)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for kind in kinds:
        for index in range(count):
            label, content = picture(kind, chosen, seed, index)
            name = f"{kind.replace('/', '_')} {index:03}.picture"  # told apart by their content
            (folder / name).write_bytes(content)
            truth = NOT_A_DIGIT_NAME if letters else label
            lines.append(json.dumps({"file": name, "truth": truth, "kind": kind}))
    (folder / "manifest.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return len(lines)
