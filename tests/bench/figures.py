"""Writes the benchmark's figures into the documents: `python -m tests.bench.figures [RESULTS]`.

RESULTS is the `benchmark.json` of a run; without its pictures it becomes `docs/benchmark.json`. In
a document, `<!-- figures: NAME -->` and `<!-- end of figures -->` enclose what this writes, so that
no figure of the benchmark is typed by hand. tests/test_docs.py compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click
import msgspec

from tests.conftest import ROOT
from trainer.evaluation.benchmark.results import BenchmarkResults, Row, cells, per_cent

RESULTS = ROOT / "docs" / "benchmark.json"
DOCUMENTS = [*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")]

_BLOCK = re.compile(r"(<!-- figures: ([a-z-]+) -->\n)(.*?)(<!-- end of figures -->)", re.DOTALL)
_BESIDE = ("lenet5-our-data", "LeNet-5, centered", "LeNet-5, scaled")
"""Readers with a column in the table of accuracies, where they were measured."""


def read_results(file: Path = RESULTS) -> BenchmarkResults:
    return msgspec.json.decode(file.read_bytes(), type=BenchmarkResults)


def updated(text: str, results: BenchmarkResults) -> str:
    """A document with the figures of these results. Raises `KeyError` for an unknown name."""
    return _BLOCK.sub(lambda m: m[1] + BLOCKS[m[2]](results, m[3]).rstrip("\n") + "\n" + m[4], text)


def accuracy(results: BenchmarkResults, _old: str) -> str:
    """The table of accuracies."""
    others = [name for name in _BESIDE if name in results.readers]
    heads = ["distortion", "setting", "images", "Inkling", "and accepted", "95 %, by writer"]
    rows = [
        [
            row.name,
            row.setting,
            f"{row.pictures:,}",
            *cells(results, row)[:4],
            *(per_cent(row.right.get(name)) for name in others),
        ]
        for row in (*results.rows, *results.numbers)
    ]
    return _table([*heads, "worst writer", *others], rows)


def models(results: BenchmarkResults, _old: str) -> str:
    """Every reader of preprocessed digits on the same ones."""
    mnist, drawn = _row(results, "MNIST test"), _row(results, "all at once")
    heads = ["", "MNIST test", "drawn by people", "and accepted", "letters rejected"]
    rows = [
        [
            f"`{name}`",
            per_cent(mnist.right[name]),
            per_cent(drawn.right[name]),
            per_cent(drawn.accepted.get(name)),
            f"{100 * results.ood_metrics[name].rejected:.1f} %",
        ]
        for name in results.readers
        if name != "LeNet-5, scaled"
    ]
    return _table(heads, rows)


def non_digits(results: BenchmarkResults, _old: str) -> str:
    """Letters and symbols, in words."""
    first, *others = results.readers
    ours = results.ood_metrics[first]
    tutorials = "; ".join(
        f"{name}: {results.ood_metrics[name].auroc:.4f} and "
        f"{100 * results.ood_metrics[name].rejected:.1f} %"
        for name in others
        if name in _BESIDE
    )
    least = sorted(results.letters.items(), key=lambda item: item[1])[:6]
    listed = ", ".join(f"`{letter}` {share:.0%}" for letter, share in least)
    return (
        f"AUROC {ours.auroc:.4f}, and {100 * ours.rejected:.1f} % rejected at a threshold that "
        f"rejects 1 % of the digits"
        + (f" ({tutorials})" if tutorials else "")
        + f". At the shipped threshold, {100 * ours.rejected_by_card:.1f} % are rejected and "
        f"{per_cent(ours.digits_rejected_by_card)} of these writers' digits are lost. Rejected "
        f"least often: {listed}."
    )


def calibration(results: BenchmarkResults, _old: str) -> str:
    """The calibration of digits and of numbers."""
    heads = ["numbers", "right", "mean confidence", "calibration error", "`sure`, nothing unread"]
    rows = [
        [
            each.kind,
            *(
                f"{100 * share:.1f} %"
                for share in (each.accuracy, each.confidence, each.calibration_error, each.silent)
            ),
        ]
        for each in results.number_calibration
    ]
    return (
        "The expected calibration error in 15 bins, on the drawings with all distortions at once, "
        f"is {per_cent(results.calibration_error)}. Of numbers, "
        f"{results.number_calibration[0].pictures:,} of each kind:\n\n" + _table(heads, rows)
    )


def cost(results: BenchmarkResults, _old: str) -> str:
    """Size and times, in words."""
    each = results.cost
    return (
        f"{each.parameters:,} parameters, {each.bundle_bytes / 1e6:.2f} MB on disk. On one core, a "
        f"forward pass takes {each.forward_ms:.2f} ms, preprocessing a drawing as the page sends "
        f"it {each.canvas_ms:.2f} ms, and decoding and preprocessing a 12-megapixel photo "
        f"{each.photo_ms:.0f} ms."
    )


def summary(results: BenchmarkResults, old: str) -> str:
    """The README's table: the words stay as they are, in any language, and the figures change.

    A per cent sign is written without a space where it is so already, as Chinese has it.
    """
    first = results.readers[0]
    hardest = [row for row in results.rows if row.setting == "hardest"]
    rows = [
        _row(results, "MNIST test"),
        _row(results, "all at once"),
        _row(results, "photo"),
        min(hardest, key=lambda row: row.right[first]),
        next(row for row in results.numbers if row.setting == "2 to 6"),
    ]
    readers = (first, *_BESIDE[1:])
    figures = [[_figure(row.right, name) for name in readers] for row in rows]
    figures.insert(2, [_figure(rows[1].accepted, name) for name in readers])
    rejected = [results.ood_metrics.get(name) for name in readers]
    figures.append([f"{100 * each.rejected:.1f} %" if each else "" for each in rejected])
    head, rule, *lines = old.rstrip("\n").split("\n")
    if len(lines) != len(figures):
        raise ValueError(f"the table of the summary has {len(figures)} rows, not {len(lines)}")
    named = [line.split("|")[1] for line in lines]
    filled = [
        f"|{name}| {' | '.join(each)} |".replace("|  |", "| |")
        for name, each in zip(named, figures, strict=True)
    ]
    if "%" in old and " %" not in old:
        filled = [line.replace(" %", "%") for line in filled]
    return "\n".join([head, rule, *filled]).replace("|  |", "| |")


BLOCKS: dict[str, Callable[[BenchmarkResults, str], str]] = {
    "accuracy": accuracy,
    "models": models,
    "non-digits": non_digits,
    "calibration": calibration,
    "cost": cost,
    "summary": summary,
}
"""By name: (results, the text that it replaces) → text."""


def _row(results: BenchmarkResults, name: str) -> Row:
    """The row of that name; of several, the one at random."""
    found = [row for row in results.rows if row.name == name]
    return next((row for row in found if row.setting == "random"), found[0])


def _figure(shares: Mapping[str, float], name: str) -> str:
    return per_cent(shares[name]) if name in shares else ""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@click.command()
@click.argument(
    "results", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=RESULTS
)
def main(results: Path) -> None:
    """Write the figures of RESULTS into README and docs."""
    found = read_results(results)
    without_pictures = msgspec.structs.replace(found, mistakes=[])
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(without_pictures)) + b"\n")
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        if (new := updated(text, found)) != text:
            document.write_text(new, encoding="utf-8")
            click.echo(f"updated {document.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
