"""Semeion and Optdigits: their parsers, splits and pictures."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data import download_bitmaps
from trainer.data.bitmaps import MAX_BYTES, Bitmaps
from trainer.data.datasets import DATA_SETS
from trainer.data.datasets.optdigits import parse_optdigits
from trainer.data.datasets.semeion import parse_semeion
from trainer.data.samples import Split
from trainer.errors import TrainerError
from trainer.paths import data_folder

BITS = st.lists(st.integers(0, 1), min_size=4, max_size=4)


def semeion_text(bitmaps: Bitmaps, decimals: str = "", repeated: bool = False) -> str:
    lines = []
    for pixels, label in zip(bitmaps.pixels, bitmaps.labels, strict=True):
        one_hot = [int(label == digit) for digit in range(10)]
        words = [f"{bit}{decimals}" for bit in pixels.ravel()] + [str(bit) for bit in one_hot]
        words += ["".join(map(str, one_hot))] * repeated
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


def optdigits_text(bitmaps: Bitmaps) -> str:
    lines = ["BU handwritten digit database", "", "entwidth = 32"]
    for pixels, label in zip(bitmaps.pixels, bitmaps.labels, strict=True):
        lines += ["".join(map(str, row)) for row in pixels] + [f" {label}"]
    return "\n".join(lines) + "\n"


def some(side: int, count: int, seed: int = 0) -> Bitmaps:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2, (count, side, side), np.uint8)
    return Bitmaps(pixels, rng.integers(0, 10, count))


@given(st.integers(0, 3), st.integers(0, 99), st.sampled_from(["", ".0000"]), st.booleans())
def test_semeion_is_parsed_in_each_layout(count, seed, decimals, repeated):
    bitmaps = some(16, count, seed)
    text = semeion_text(bitmaps, decimals, repeated)
    for layout in (text, text.replace(" ", "\n"), text.replace(" ", "\t")):
        assert parse_semeion(layout).sha256() == bitmaps.sha256()


@given(st.integers(0, 3), st.integers(0, 99))
def test_optdigits_is_parsed(count, seed):
    bitmaps = some(32, count, seed)
    assert parse_optdigits(optdigits_text(bitmaps)).sha256() == bitmaps.sha256()


@given(st.text(alphabet="01 2.x\n", max_size=300))
def test_any_other_text_is_refused(text):
    for parse in (parse_semeion, parse_optdigits):
        with contextlib.suppress(ValueError):
            assert not len(parse(text).labels)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-30], lambda t: t.replace("1", "2"), lambda t: t + "1"]
)
def test_damaged_files_are_reported_with_their_name(tmp_path, change):
    (tmp_path / "uci").mkdir()
    texts = {"semeion": semeion_text(some(16, 2)), "optdigits": optdigits_text(some(32, 2))}
    for name, text in texts.items():
        file = tmp_path / DATA_SETS[name].files
        file.write_text(change(text))
        with pytest.raises(TrainerError, match=f"{file.name}: not {name}"):
            DATA_SETS[name].load(Split.TRAIN, tmp_path, None, 0)


@pytest.mark.parametrize("name", ["semeion", "optdigits"])
def test_missing_and_endless_files_are_refused(tmp_path, name):
    with pytest.raises(TrainerError, match=f"data fetch {name}"):
        DATA_SETS[name].load(Split.TRAIN, tmp_path, None, 0)
    file = tmp_path / DATA_SETS[name].files
    file.parent.mkdir()
    with file.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    with pytest.raises(TrainerError, match="more than 16 MB"):
        DATA_SETS[name].load(Split.TRAIN, tmp_path, None, 0)


def test_the_last_fifth_is_the_test_split_and_the_fifth_before_it_validation(tmp_path):
    bitmaps = some(32, 13)
    parts = {split: bitmaps.part(split) for split in Split}
    assert [len(part.labels) for part in parts.values()] == [9, 2, 2]
    assert np.concatenate([p.pixels for p in parts.values()]).tobytes() == bitmaps.pixels.tobytes()
    (tmp_path / "uci").mkdir()
    (tmp_path / "uci" / "optdigits-orig.tra").write_text(optdigits_text(bitmaps))
    loaded = DATA_SETS["optdigits"].load(Split.TEST, tmp_path, None, 0)
    assert loaded.labels.tolist() == bitmaps.labels[-2:].tolist()


def test_semeion_is_repeated_in_other_widths_for_training_and_else_in_one(tmp_path):
    (tmp_path / "uci").mkdir()
    (tmp_path / "uci" / "semeion.data").write_text(semeion_text(some(16, 5)))

    def load(split: Split, size: int | None, seed: int):
        return DATA_SETS["semeion"].load(split, tmp_path, size, seed)

    several = load(Split.TRAIN, 12, 0)
    assert len(several) == 12
    assert len({pixels.tobytes() for pixels in several.pixels}) > 6
    assert (
        several.sha256() == load(Split.TRAIN, 12, 0).sha256() != load(Split.TRAIN, 12, 1).sha256()
    )
    assert load(Split.TEST, None, 0).sha256() == load(Split.TEST, None, 1).sha256()


@pytest.mark.parametrize(
    ("name", "counts", "published"),
    [
        ("semeion", (957, 318, 318), download_bitmaps.SEMEION),
        ("optdigits", (1162, 386, 386), download_bitmaps.OPTDIGITS),
    ],
)
def test_the_published_files_have_the_known_digits(name, counts, published):
    file = data_folder() / published.file
    if not file.exists():
        pytest.skip(f"no {name} in {file}")
    bitmaps = published.parse(file.read_text())
    assert bitmaps.sha256() == published.sha256
    assert tuple(len(bitmaps.part(split).labels) for split in Split) == counts
    first = Bitmaps(bitmaps.pixels[:60], bitmaps.labels[:60])
    assert first.pixels.mean(axis=(1, 2)).min() > 0.1  # ink, and not paper, is 1
    assert first.pixels.mean(axis=(1, 2)).max() < 0.9
