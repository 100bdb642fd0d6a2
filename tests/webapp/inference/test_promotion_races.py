"""Promotions and rollbacks at the same time: one wins, the others are told."""

import threading
from collections.abc import Callable
from threading import Thread

import pytest

from tests.conftest import installed
from tests.webapp.version_files import spoil
from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.inference.versions import SHIPPED, Superseded, Versions
from webapp.settings import Settings
from webapp.storage.database import Database

NAMES = ["lenet5", "cnn", "mlp", "rnn"]
VERSIONS = [read_bundle(PRETRAINED / name).card.version for name in NAMES]


@pytest.fixture
def chosen(settings):
    chosen: Settings = settings()
    with installed(chosen):
        for name in NAMES:
            process(chosen).add(PRETRAINED / name)
        yield chosen


def process(chosen: Settings) -> Versions:
    """The versions as another process sees them: with connections of its own."""
    return Versions(Database(chosen.database))


def at_once(*actions: Callable[[], object]) -> list[object]:
    """What the actions return or raise, each in a thread of its own."""
    results: list[object] = [None] * len(actions)
    start = threading.Barrier(len(actions))

    def act(index: int) -> None:
        start.wait()
        try:
            results[index] = actions[index]()
        except Superseded as error:
            results[index] = error

    threads = [Thread(target=act, args=(index,)) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def refused(results: list[object]) -> int:
    return sum(isinstance(result, Superseded) for result in results)


def promotion(chosen: Settings, version: str, expected: str | None) -> Callable[[], object]:
    return lambda: process(chosen).promote(version, "test", expected)


def rollback(chosen: Settings, expected: str | None) -> Callable[[], object]:
    return lambda: process(chosen).roll_back("test", expected)


def test_of_promotions_that_expect_the_same_version_one_wins(chosen):
    active = SHIPPED
    for _ in range(5):
        others = [version for version in VERSIONS if version != active]
        results = at_once(*(promotion(chosen, version, active) for version in others))
        assert refused(results) == len(others) - 1
        before, active = active, process(chosen).pointer().version
        assert active in others
        assert process(chosen).previous() == before


def test_two_clicks_on_roll_back_go_one_step_back(chosen):
    for version in VERSIONS[:3]:
        process(chosen).promote(version, "test")
    results = at_once(*[rollback(chosen, VERSIONS[2])] * 4)
    assert refused(results) == 3
    assert process(chosen).pointer().version == VERSIONS[1]


def test_a_promotion_and_a_rollback_never_both_replace_the_same_version(chosen):
    first, second, third, _ = VERSIONS
    for version in (first, second):
        process(chosen).promote(version, "test")
    for _ in range(5):
        results = at_once(promotion(chosen, third, second), rollback(chosen, second))
        assert refused(results) == 1
        lineage = list(process(chosen).lineage())
        assert lineage in ([third, second, first, SHIPPED], [first, SHIPPED])
        process(chosen).promote(second, "test")
        if lineage[0] == third:  # back to where it began
            process(chosen).roll_back("test")
            process(chosen).roll_back("test")
        assert list(process(chosen).lineage()) == [second, first, SHIPPED]


def test_of_two_hosts_that_promote_the_same_version_one_does_and_a_rollback_leads_away(chosen):
    first, second, _, _ = VERSIONS
    process(chosen).promote(first, "test")
    at_once(*[promotion(chosen, second, None)] * 4)
    assert process(chosen).roll_back("test") == first


def test_without_expectations_each_of_them_happens_after_another(chosen):
    """No promotion is lost: a rollback leads back through each of them."""
    at_once(*(promotion(chosen, version, None) for version in VERSIONS))
    assert sorted(process(chosen).lineage()) == sorted([*VERSIONS, SHIPPED])


def test_what_answers_in_place_of_a_damaged_version_may_be_expected_too(chosen):
    first, second, third, _ = VERSIONS
    versions = process(chosen)
    for version in (first, second):
        versions.promote(version, "test")
    spoil(Database(chosen.database), second)
    with pytest.raises(Superseded):
        versions.promote(third, "test", expected=SHIPPED)
    versions.promote(third, "test", expected=first)
    with pytest.raises(Superseded, match="compare again"):
        versions.roll_back("test", expected=second)
    assert versions.is_active(third)
