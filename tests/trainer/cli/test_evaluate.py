"""Evaluating a bundle from the command line."""

import json
import shutil

import pytest

from tests.trainer.conftest import trainer
from trainer.recognition.bundle import PRETRAINED, read_bundle


@pytest.fixture
def bundle(tmp_path):
    shutil.copytree(PRETRAINED / "lenet5", tmp_path / "mine")
    return tmp_path / "mine"


def evaluate(bundle, *options: str) -> dict[str, object]:
    command = ["evaluate", str(bundle), "--data", "synthetic:40", "--json", *options]
    answer = trainer(*command, cwd=bundle.parent)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_stored_result_takes_the_place_of_the_one_before(bundle):
    before = read_bundle(bundle).card
    found = evaluate(bundle)
    assert read_bundle(bundle).card == before  # nothing is stored unasked
    for _ in range(2):
        evaluate(bundle, "--store")
    card = read_bundle(bundle).card
    assert card.version == before.version
    assert card.evaluations[: len(before.evaluations)] == before.evaluations
    (new,) = card.evaluations[len(before.evaluations) :]
    assert (new.data, new.split, new.accuracy) == ("synthetic", "test", found["accuracy"])
