"""The documentation matches the code: links, make targets, commands, options and settings."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from tests.bench import figures
from tests.conftest import ROOT
from trainer.cli import main as trainer
from webapp.cli import main as inkling
from webapp.settings import Settings

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


@each_document
def test_every_link_leads_to_a_file(document):
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@each_document
def test_figures_are_those_of_the_benchmark(document):
    """After a run, `python -m tests.bench.figures benchmark.json` writes them."""
    text = document.read_text()
    assert figures.updated(text, figures.read_results()) == text


@each_document
def test_every_make_target_exists(document):
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", document.read_text()))
    known = re.search(r"\.PHONY: (.*)", (ROOT / "Makefile").read_text())[1].split()
    assert named - set(known) == set()


@each_document
def test_every_command_and_option_exists(document):
    for line in console_lines(document):
        for group, program in ((trainer, r"-m trainer (.*)"), (inkling, r"^inkling (.*)")):
            if called := re.search(program, line):
                resolve(group, shlex.split(called[1], comments=True), line)


def console_lines(document: Path) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", document.read_text(), re.S)
    return re.findall(r"^[$#] (.*)", "\n".join(blocks), re.M)


def resolve(command: click.Command, words: list[str], line: str) -> None:
    """Find the command that these words call, and each of its options."""
    while isinstance(command, click.Group):
        assert words, line
        assert words[0] in command.commands, line
        command, words = command.commands[words[0]], words[1:]
    known = {"--help"} | {name for option in command.params for name in option.opts}
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    assert [option for option in options if option not in known] == [], line


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_setting_is_documented(name):
    documented = set(re.findall(r"`INKLING_([A-Z_]+)`", (ROOT / name).read_text()))
    settings = {field.upper() for field in Settings.__struct_fields__}
    assert documented == settings | {"DATA"}  # which the trainer reads


def test_the_commands_of_ci_are_make_targets_that_print_what_they_would_run():
    for file in (".ci/run", ".pre-commit-config.yaml"):
        targets = set(re.findall(r"make ([a-z]+)$", (ROOT / file).read_text(), re.M))
        assert targets, file
        for target in targets:
            subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
