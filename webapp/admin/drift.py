"""The drift page: what visitors' drawings were read as, beside the test of the version that did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template

from trainer.recognition.bundle import Card
from webapp.inference import drift
from webapp.inference.answers import CONFIDENT
from webapp.inference.drift import Departure, Profile
from webapp.services import services
from webapp.storage import answer_counts
from webapp.storage.answer_counts import Counted, Kind
from webapp.storage.tables import now

blueprint = Blueprint("drift", __name__)

_DAYS_SHOWN = 28
_DAYS_TESTED = 7
"""The last days, today included, that are compared with the test."""
_VERSIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Section:
    """A version: its test, its last week, its days, the newest first, and how it departs."""

    version: str
    test_data: str
    """The data set of the test; empty if the version has none, nor the shipped one."""
    is_own_test: bool
    test: Profile | None
    week: Profile
    days: list[tuple[date, Profile]]
    departures: list[Departure]


@blueprint.get("/drift")
def overview() -> str:
    """The drift page."""
    services().answers.flush()
    today = now().date()
    with services().database.reading() as session:
        counts = answer_counts.since(session, today - timedelta(days=_DAYS_SHOWN - 1))
    return render_template(
        "admin/drift.html",
        sections=_sections(counts, today),
        days_tested=_DAYS_TESTED,
        least=drift.LEAST,
        large=drift.LARGE,
        confident=CONFIDENT,
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
    own = drift.own_test(cards[version]) if version in cards else None
    data, test = own or drift.own_test(services().models.shipped().card) or ("", None)
    first = today - timedelta(days=_DAYS_TESTED - 1)
    week = drift.profile({kind: n for kind, n in counts.items() if kind.day >= first})
    days = [
        (day, drift.profile(_only(counts, day=day)))
        for day in sorted({kind.day for kind in counts}, reverse=True)
    ]
    departures = drift.departures(week, test) if test else []
    return Section(version, data, own is not None, test, week, days, departures)


def _cards() -> dict[str, Card]:
    """The card of each version, by the version that it names."""
    stored = services().versions.cards().values()
    cards = [*(each for each in stored if isinstance(each, Card)), services().models.shipped().card]
    return {each.version: each for each in cards}


def _only(counts: dict[Kind, Counted], **fields: object) -> dict[Kind, Counted]:
    return {
        kind: counted
        for kind, counted in counts.items()
        if all(getattr(kind, name) == value for name, value in fields.items())
    }
