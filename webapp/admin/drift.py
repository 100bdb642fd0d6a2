"""The drift page: what visitors' drawings were read as, beside those of before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from flask import Blueprint, render_template

from trainer.recognition.bundle import Card
from webapp.inference import drift
from webapp.inference.answers import CONFIDENT
from webapp.inference.drift import Comparison, Profile
from webapp.services import services
from webapp.storage import answer_counts
from webapp.storage.answer_counts import Counted, Kind
from webapp.storage.tables import now

blueprint = Blueprint("drift", __name__)

_DAYS_SHOWN = 28
_DAYS_COMPARED = 7
"""The last days, today included."""
_DAYS_BEFORE = 90
"""The days before these, with which they are compared."""
_VERSIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Site:
    """The answers of all versions: of the last week, of the days before, and how they compare."""

    week: Profile
    before: Profile
    days_before: int
    """On how many of the days before anything was answered."""
    comparisons: list[Comparison] | None
    """None if the days before are too few."""
    is_of_one_version: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A version: a test, its last week, and its days, the newest first."""

    version: str
    tested: Literal["itself", "shipped", "unknown"]
    """Whose test it is: the shipped version's if the own card has none, nobody's without a card."""
    test_data: str
    """The data set of the test; empty if there is none."""
    test: Profile | None
    week: Profile
    days: list[tuple[date, Profile]]


@blueprint.get("/drift")
def overview() -> str:
    """The drift page."""
    services().answers.flush()
    today = now().date()
    first = today - timedelta(days=_DAYS_COMPARED + _DAYS_BEFORE - 1)
    with services().database.reading() as session:
        counts = answer_counts.between(session, first, today)
    shown = _since(counts, today - timedelta(days=_DAYS_SHOWN - 1))
    return render_template(
        "admin/drift.html",
        site=_site(counts, today) if counts else None,
        sections=_sections(shown, today),
        days_compared=_DAYS_COMPARED,
        days_before=_DAYS_BEFORE,
        least=drift.LEAST,
        least_days=drift.LEAST_DAYS,
        large=drift.LARGE,
        confident=CONFIDENT,
    )


def _site(counts: dict[Kind, Counted], today: date) -> Site:
    week = _since(counts, today - timedelta(days=_DAYS_COMPARED - 1))
    before = {kind: counted for kind, counted in counts.items() if kind not in week}
    days = len({kind.day for kind in before})
    ours, theirs = drift.profile(week), drift.profile(before)
    is_enough = days >= drift.LEAST_DAYS and theirs.single >= drift.LEAST
    return Site(
        week=ours,
        before=theirs,
        days_before=days,
        comparisons=drift.comparisons(ours, theirs) if is_enough else None,
        is_of_one_version=len({kind.version for kind in counts}) == 1,
    )


def _sections(counts: dict[Kind, Counted], today: date) -> list[Section]:
    """The versions that answered last, the newest first."""
    last: dict[str, date] = {}
    for kind in counts:
        last[kind.version] = max(kind.day, last.get(kind.version, kind.day))
    answering = services().models.get().card.version
    newest = sorted(last, key=lambda each: (each == answering, last[each], each), reverse=True)
    cards = _cards()
    return [
        _section(version, _only(counts, version=version), cards, today)
        for version in newest[:_VERSIONS_SHOWN]
    ]


def _section(
    version: str, counts: dict[Kind, Counted], cards: dict[str, Card], today: date
) -> Section:
    tested: Literal["itself", "shipped", "unknown"] = "unknown"
    found = None
    if version in cards:
        own = drift.own_test(cards[version])
        tested = "itself" if own else "shipped"
        found = own or drift.own_test(services().models.shipped().card)
    data, test = found or ("", None)
    week = drift.profile(_since(counts, today - timedelta(days=_DAYS_COMPARED - 1)))
    days = [
        (day, drift.profile(_only(counts, day=day)))
        for day in sorted({kind.day for kind in counts}, reverse=True)
    ]
    return Section(version, tested, data, test, week, days)


def _cards() -> dict[str, Card]:
    """The card of each version, by the version that it names."""
    stored = services().versions.cards().values()
    cards = [*(each for each in stored if isinstance(each, Card)), services().models.shipped().card]
    return {each.version: each for each in cards}


def _since(counts: dict[Kind, Counted], day: date) -> dict[Kind, Counted]:
    return {kind: counted for kind, counted in counts.items() if kind.day >= day}


def _only(counts: dict[Kind, Counted], **fields: object) -> dict[Kind, Counted]:
    return {
        kind: counted
        for kind, counted in counts.items()
        if all(getattr(kind, name) == value for name, value in fields.items())
    }
