"""Labeled pictures: the manifest, what is counted, and the command."""

import json
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.kinds.export import export
from tests.kinds.measure import readings
from tests.trainer.conftest import trainer
from trainer.data.samples import Split
from trainer.errors import TrainerError
from trainer.evaluation.pictures import manifest
from trainer.evaluation.pictures.manifest import BadRow, LabeledPicture, read_manifest
from trainer.evaluation.pictures.measure import MAX_KINDS, MAX_MISTAKES, measure_pictures
from trainer.evaluation.pictures.results import KindRow
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(read_bundle(PRETRAINED / "inkling"))


@pytest.fixture
def pictures(tmp_path, seven, encode) -> Path:
    """A folder with a 7, two of them in rows, a cross-hatch, a blank sheet and a damaged file."""
    cross = np.full((140, 140), 255, np.uint8)
    cross[20:120:12, 20:120] = cross[20:120, 20:120:12] = 0
    files = {"7.png": encode(seven), "rows.png": encode(np.vstack([seven, seven]))}
    files |= {"cross.png": encode(cross), "blank.png": encode(np.full((90, 90), 255, np.uint8))}
    for name, content in files.items() | {("damaged.png", encode(seven)[:80])}:
        (tmp_path / name).write_bytes(content)
    return tmp_path


def listed(folder: Path, *rows: tuple[object, ...]) -> Path:
    names = ("file", "truth", "kind")
    lines = [json.dumps(dict(zip(names, row, strict=False))) for row in rows]
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    return folder


def measured(recognizer, folder: Path):
    warnings: list[str] = []
    found = measure_pictures(
        recognizer, folder, command="", warn=warnings.append, report=lambda _: None
    )
    return found, warnings


def test_digits_numbers_in_rows_and_non_digits_are_counted_by_kind(recognizer, pictures):
    listed(
        pictures,
        ("7.png", 7, "clean"),
        ("7.png", "1", "clean"),
        ("rows.png", "7/7", "clean"),
        ("cross.png", "not_a_digit", "other"),
        ("7.png", "not_a_digit", "other"),
        ("blank.png", "3", "other"),
        ("blank.png", "not_a_digit", "other"),
        ("damaged.png", "7", "other"),
    )
    found, warnings = measured(recognizer, pictures)
    counts = ("pictures", "right", "accepted", "sure_and_wrong", "unread")
    rows = {(r.kind, r.what): tuple(getattr(r, name) for name in counts) for r in found.rows}
    assert rows == {
        ("clean", "digit"): (2, 1, 1, 1, 0),
        ("clean", "number"): (1, 1, 1, 0, 0),
        ("other", "not a digit"): (3, 2, 2, 1, 1),
        ("other", "digit"): (2, 0, 0, 0, 2),
    }
    assert [(r.what, r.pictures, r.accepted) for r in found.totals] == [
        ("digit", 4, 1),
        ("number", 1, 1),
        ("not a digit", 3, 2),
    ]
    assert not warnings
    worst = found.mistakes[0]
    assert (worst.file, worst.answer, worst.certainty) == ("7.png", "7", "sure")
    assert {each.error for each in found.mistakes if not each.answer} == {
        "no ink was found",
        "the picture is damaged or incomplete; send another copy of it",
    }


def test_a_right_answer_that_is_rejected_is_not_accepted(pictures):
    strict = Recognizer(read_bundle(PRETRAINED / "inkling"))
    strict.card = msgspec.structs.replace(strict.card, rejection_threshold=2.0)
    found, _ = measured(strict, listed(pictures, ("7.png", "7")))
    (row,) = found.rows
    assert (row.right, row.accepted, row.sure_and_wrong) == (1, 0, 0)
    assert found.mistakes[0].certainty == "not_a_digit"


def test_each_bad_row_is_left_out_with_one_line(recognizer, pictures):
    (pictures / "secret").symlink_to("/etc/hostname")
    lines = [
        b'{"file": "gone.png", "truth": "7"}',
        b'{"file": "../gone.png", "truth": "7"}',
        b'{"file": "secret", "truth": "7"}',
        b'{"file": "7.png", "truth": "seven\\n\\u001b[2J"}',
        b'{"file": "7.png"}',
        b"not JSON",
        b'{"x": ' + b"[" * 9000,
        b'{"file": "7.png", "truth": "7", "kind": "' + b"k" * 100_000 + b'"}',
        b"",
        b'\xff{"file"',
        b'{"file": "7.png", "truth": "7"}',
    ]
    (pictures / "manifest.jsonl").write_bytes(b"\n".join(lines))
    found, warnings = measured(recognizer, pictures)
    assert [row.pictures for row in found.rows] == [1]
    assert found.left_out == len(warnings) == 9
    assert [each.partition(":")[0] for each in warnings] == [
        f"line {number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10)
    ]
    assert all(each.isprintable() and len(each) < 200 for each in warnings)
    assert found.left_out_rows == warnings


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_file_may_have_any_separator_and_columns_in_any_order(pictures, separator):
    lines = ["Truth,Kind,File", '7,"on, paper",7.png', '7,"open,7.png', "40/2,,rows.png", "1,2,3,4"]
    text = "\r\n".join(lines).replace(",", separator)
    (pictures / "manifest.csv").write_text("\ufeff" + text)
    rows = list(read_manifest(pictures))
    assert [(r.truth, r.name) for r in rows if isinstance(r, LabeledPicture)] == [
        ("7", "7.png"),
        ("40\n2", "rows.png"),
    ]
    assert rows[0].kind.replace("\\t", "\t") == f"on{separator} paper"
    assert [row.line for row in rows if isinstance(row, BadRow)] == [3, 5]


def test_a_csv_file_without_a_column_and_a_folder_without_a_manifest_are_refused(tmp_path):
    with pytest.raises(TrainerError, match=r"manifest\.jsonl or manifest\.csv"):
        list(read_manifest(tmp_path))
    (tmp_path / "manifest.csv").write_text("file,label\n")
    with pytest.raises(TrainerError, match="no column 'truth'"):
        list(read_manifest(tmp_path))


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b'{"file":"a","truth":"1"}', b"a,1"])),
    st.sampled_from(manifest.NAMES),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_manifest_gives_rows_or_a_clear_error(tmp_path, lines, name):
    for other in manifest.NAMES:
        (tmp_path / other).unlink(missing_ok=True)
    (tmp_path / "a").touch()
    head = b"file,truth\n" if name.endswith("csv") else b""
    (tmp_path / name).write_bytes(head + b"\n".join(lines))
    for row in read_manifest(tmp_path):
        assert isinstance(row, LabeledPicture) or str(row).isprintable()


def test_rows_and_kinds_beyond_the_limits_are_left_out(recognizer, pictures, monkeypatch):
    monkeypatch.setattr(manifest, "MAX_ROWS", MAX_KINDS + 1)
    rows = [("blank.png", "3", str(index)) for index in range(MAX_KINDS + 3)]
    found, warnings = measured(recognizer, listed(pictures, *rows))
    assert len(found.rows) == MAX_KINDS
    assert [each.partition(": ")[2] for each in warnings] == [
        f"more than {MAX_KINDS} kinds",
        f"only the first {MAX_KINDS + 1} rows are read",
    ]


def test_only_so_many_mistakes_are_kept_of_a_kind(recognizer, pictures):
    rows = [("blank.png", "3", "k")] * (MAX_MISTAKES + 5) + [("7.png", "1", "k")]
    found, _ = measured(recognizer, listed(pictures, *rows))
    assert len(found.mistakes) == MAX_MISTAKES
    assert found.mistakes[0].answer == "7"
    rows = [("7.png", "1", "k")] * MAX_MISTAKES + [("blank.png", "3", "k")] * 5
    found, _ = measured(recognizer, listed(pictures, *rows))
    assert {each.answer for each in found.mistakes} == {"7"}


def test_the_interval_contains_the_share_and_narrows_with_the_number_of_pictures():
    def interval(pictures: int, accepted: int) -> tuple[float, float]:
        row = KindRow(kind="", what="digit", pictures=pictures, accepted=accepted)
        return row.interval

    assert interval(10, 10)[1] == 1
    assert interval(10, 10)[0] == pytest.approx(0.722, abs=0.001)  # Wilson's, from the literature
    low, high = interval(1000, 900)
    assert 0.87 < low < 0.9 < high < 0.93


def test_an_exported_folder_of_kinds_is_counted_as_by_the_tests_of_kinds(
    recognizer, pen_strokes, tmp_path
):
    kinds = ["photo rules", "number framed"]
    export(tmp_path, kinds, 5, 0, Split.VALIDATION, letters=False)
    result = trainer(
        "benchmark", "--pictures", tmp_path, "--output", tmp_path / "report", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    for row, kind in zip(found["rows"], kinds, strict=True):
        read = list(readings(kind, recognizer, 5))
        assert row["kind"] == kind
        assert row["right"] == sum(each.right for each in read)
        assert row["accepted"] == sum(each.right and each.accepted for each in read)
    assert json.loads((tmp_path / "report" / "pictures.json").read_text()) == found
    page = (tmp_path / "report" / "pictures.html").read_text()
    assert page.count("<li>") == len(found["mistakes"])
    assert "http://" not in page


def test_options_that_have_no_effect_are_refused(pictures):
    result = trainer("benchmark", "--pictures", pictures, "--size", "3", cwd=pictures)
    assert result.returncode == 2
    assert "by one bundle alone" in result.stderr


def test_the_page_escapes_names(pictures, tmp_path):
    Image.new("L", (30, 30), 255).save(pictures / "<b>.png")
    listed(pictures, ("<b>.png", "3", "<script>"))
    trainer("benchmark", "--pictures", pictures, "--output", tmp_path / "out", cwd=tmp_path)
    page = (tmp_path / "out" / "pictures.html").read_text()
    assert "<script>" not in page
    assert "&lt;b&gt;.png" in page


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_not_opened(recognizer, pictures):
    os.mkfifo(pictures / "pipe")
    found, warnings = measured(recognizer, listed(pictures, ("pipe", "7"), ("7.png", "7")))
    assert found.left_out == 1
    assert "no file 'pipe'" in warnings[0]


def test_a_file_is_read_up_to_the_limit_of_uploads(recognizer, pictures):
    with (pictures / "endless").open("wb") as sparse:
        sparse.truncate(1 << 40)
    found, warnings = measured(recognizer, listed(pictures, ("endless", "7")))
    assert not warnings
    assert "larger than 10 MB" in found.mistakes[0].error
