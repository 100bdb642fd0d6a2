"""The parser of the UNIPEN archive, on original files and on small ones for each rule."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import need
from trainer.data.strokes.records import read
from trainer.data.strokes.unipen import read_archive, read_file
from trainer.errors import TrainerError
from trainer.paths import data_folder

INK = """.VERSION 1.0
.COORD X Y T
.WRITER_ID Some One
.PEN_DOWN
0 10 1
5 10 2
5 0 3
.PEN_UP
.PEN_DOWN
9 9 4
8 8 5
7 7 6
.PEN_UP
6 6 7
.PEN_DOWN
1 1 8
2 3 9
"""


@pytest.fixture
def archive(tmp_path):
    """Write an archive of one file of segments, and return its folder."""

    def write(segments: str, ink: str = INK):
        (tmp_path / "data" / "1a" / "xyz").mkdir(parents=True, exist_ok=True)
        (tmp_path / "include" / "xyz").mkdir(parents=True, exist_ok=True)
        (tmp_path / "include" / "xyz" / "ink.dat").write_text(ink, encoding="latin-1")
        text = f".VERSION 1.0\n.INCLUDE xyz/ink.dat\n{segments}\n"
        (tmp_path / "data" / "1a" / "xyz" / "who.dat").write_text(text, encoding="latin-1")
        return tmp_path

    return write


def lines(root):
    return [
        (record.label, [line.tolist() for line in record.strokes])
        for record in read_archive(root, ["1a"])
    ]


def test_y_points_up_in_the_file_and_down_in_the_record(archive):
    assert lines(archive('.SEGMENT CHARACTER 0 ? "7"')) == [("7", [[[0, 0], [5, 0], [5, 10]]])]


def test_a_pen_up_with_points_counts_as_a_component_but_is_not_drawn(archive):
    # 0 down, (pen up without points), 1 down, 2 up with a point, 3 down
    [(_, strokes)] = lines(archive('.SEGMENT CHARACTER 1-3 ? "4"'))
    assert [len(stroke) for stroke in strokes] == [3, 2]


@pytest.mark.parametrize(
    ("where", "points"),
    [
        ("1:1-1:2", [[[8, 8], [7, 7]]]),
        ("0:2-1:0", [[[5, 0]], [[9, 9]]]),
        ("0:1-0", [[[5, 10], [5, 0]]]),
        ("1-3:0", [[[9, 9], [8, 8], [7, 7]], [[1, 1]]]),
        ("0,3", [[[0, 10], [5, 10], [5, 0]], [[1, 1], [2, 3]]]),
        ("1:2", [[[7, 7]]]),
    ],
)
def test_component_ranges_and_point_offsets(archive, where, points):
    [(_, strokes)] = lines(archive(f'.SEGMENT CHARACTER {where} ? "5"'))
    every = np.vstack([np.array(line) for line in points])
    left, top = every[:, 0].min(), every[:, 1].max()
    assert strokes == [[[x - left, top - y] for x, y in line] for line in points]


def test_coord_defines_the_columns(archive):
    ink = ".COORD T Y X\n.PEN_DOWN\n99 10 0\n98 0 5\n.PEN_UP\n"
    assert lines(archive('.SEGMENT CHARACTER 0 ? "1"', ink)) == [("1", [[[0, 0], [5, 10]]])]


def test_different_resolutions_along_x_and_y_are_converted(archive):
    ink = ".X_POINTS_PER_INCH   100\n.Y_POINTS_PER_INCH\t200\n" + INK
    assert lines(archive('.SEGMENT CHARACTER 0 ? "7"', ink)) == [("7", [[[0, 0], [5, 0], [5, 5]]])]


def test_words_are_skipped_and_a_quote_can_be_a_label(archive):
    root = archive('.SEGMENT TEXT 0-1 ? "76"\n.SEGMENT CHARACTER 0 OK "\\""\n.SEGMENT CHARACTER 1')
    assert [label for label, _ in lines(root)] == ['"']


def test_a_writer_is_named_by_site_and_id(archive):
    [record] = read_archive(archive('.SEGMENT CHARACTER 0 ? "7"'), ["1a"])
    assert record.writer == "xyz/Some_One"
    ink = INK.replace(".WRITER_ID Some One\n", "")
    [record] = read_archive(archive('.SEGMENT CHARACTER 0 ? "7"', ink), ["1a"])
    assert record.writer == "xyz/who"


@pytest.mark.parametrize(
    ("segments", "ink", "reason"),
    [
        ('.SEGMENT CHARACTER 9 ? "7"', INK, "there are 4 components"),
        ('.SEGMENT CHARACTER 2-1 ? "7"', INK, "there are 4 components"),
        ('.SEGMENT CHARACTER x ? "7"', INK, "not a range"),
        ('.SEGMENT CHARACTER 0 ? "7"', ".PEN_DOWN\n1 two\n", "is not a point"),
        ('.SEGMENT CHARACTER 0 ? "7"', ".PEN_DOWN\n1\n", "is not a point"),
        ('.SEGMENT CHARACTER 0 ? "7"', ".COORD T P\n", "without X and Y"),
        ('.SEGMENT CHARACTER 0 ? "7"', ".INCLUDE xyz/ink.dat\n", "endless inclusion"),
        (".INCLUDE ../data/1a/xyz/who.dat", INK, "outside the archive"),
        (".INCLUDE nowhere.dat", INK, "nowhere.dat"),
    ],
)
def test_malformed_files_are_reported(archive, segments, ink, reason):
    with pytest.raises(TrainerError, match=reason):
        lines(archive(segments, ink))


def test_a_missing_category_is_reported(tmp_path):
    with pytest.raises(TrainerError, match="no files in"):
        list(read_archive(tmp_path, ["1a"]))


@settings(max_examples=100, deadline=None)
@given(content=st.text(alphabet='.PEN_DOWUSGMTCHAR0123-:,?" \n\t', max_size=200))
def test_any_text_gives_records_or_a_trainer_error(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("unipen")
    (folder / "file.dat").write_text(content, encoding="latin-1")
    try:
        for record in read_file(folder / "file.dat", folder, "site"):
            assert record.strokes
    except TrainerError:
        pass


def test_the_original_files_give_the_stored_records(pen_strokes):
    root = data_folder() / "unipen-sample"
    need(root.is_dir(), f"no files of the original archive in {root}")
    ours = list(read_archive(root, ["1a"]))
    assert len(ours) == 76
    known = defaultdict(list)
    for record in read(pen_strokes, "digits"):
        known[record.writer].append(record)
    found = 0
    for record in ours:
        shapes = [line.shape for line in record.strokes]
        same = [
            other
            for other in known[record.writer]
            if other.label == record.label and [line.shape for line in other.strokes] == shapes
        ]
        found += any(
            all(
                np.abs(a - b).max() <= 1 for a, b in zip(record.strokes, other.strokes, strict=True)
            )
            for other in same
        )
    assert found == 75  # the writer of one sample is not in the records
