"""The figures of the benchmark in documents."""

import msgspec
import pytest

from tests.bench.figures import BLOCKS, read_results, updated

SUMMARY = """<!-- figures: summary -->
| | Inkling | LeNet-5, centered | LeNet-5 as in tutorials |
|---|---|---|---|
| MNIST | 1 % | 2 % | 3 % |
| everything | | | |
| and accepted | | | |
| photos, 照片 | | | |
| the worst | | | |
| numbers | | | |
| letters | | | |
<!-- end of figures -->
"""


@pytest.fixture(scope="module")
def results():
    return read_results()


def block(name: str, content: str = "") -> str:
    return f"before\n<!-- figures: {name} -->\n{content}<!-- end of figures -->\nafter\n"


@pytest.mark.parametrize("name", sorted(set(BLOCKS) - {"summary"}))
def test_a_block_is_replaced_and_stays_the_same_from_then_on(results, name):
    text = updated(block(name, "old figures: 12.34 %\n"), results)
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "12.34" not in text
    assert "%" in text or "ms" in text
    assert updated(text, results) == text


def test_an_unknown_block_is_an_error(results):
    with pytest.raises(KeyError):
        updated(block("nonsense"), results)


def test_the_summary_keeps_its_words_and_changes_its_figures(results):
    text = updated(SUMMARY, results)
    first = results.readers[0]
    lines = text.splitlines()
    assert lines[1:3] == SUMMARY.splitlines()[1:3]
    right = results.rows[0].right[first]
    assert lines[3].startswith(f"| MNIST | {100 * right:.2f} % | ")
    assert lines[6].startswith("| photos, 照片 | ")
    assert all(line.count("|") == 5 for line in lines[1:-1])
    assert updated(text, results) == text
    chinese = updated(SUMMARY.replace(" %", "%"), results)
    assert chinese == text.replace(" %", "%")
    with pytest.raises(ValueError, match="7 rows"):
        updated(SUMMARY.replace("| letters | | | |\n", ""), results)


def test_the_table_has_the_columns_that_were_measured(results):
    first = results.readers[0]
    row = msgspec.structs.replace(
        results.rows[0], name="made up", right={first: 0.98765}, accepted={first: 0.9}
    )
    changed = msgspec.structs.replace(
        results, readers=[first, "LeNet-5, scaled"], rows=[row], numbers=[]
    )
    head, _, line = BLOCKS["accuracy"](changed, "").splitlines()
    assert head.endswith("| worst writer | LeNet-5, scaled |")
    assert line.startswith("| made up |")
    assert "| 98.77 % | 90.00 % |" in line
    assert line.endswith("| – |")
