"""Limits that are counted in the database, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from webapp.http.rate_limit import RateLimiter
from webapp.storage.database import Database
from webapp.storage.tables import RateLimit

MINUTE = 60
NOON = 1_800_000_000


class Clock:
    """Seconds since 1970, which pass when a test says so."""

    def __init__(self) -> None:
        self.now = float(NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(settings):
    database = Database(settings().database)
    database.upgrade()
    yield database
    database.engine.dispose()


def limiter(clock: Clock, limit: int = 3, action: str = "test") -> RateLimiter:
    return RateLimiter(action, limit, timedelta(minutes=15), "secret", clock)


def hit(database: Database, limiter: RateLimiter, client: str = "a") -> timedelta | None:
    with database.writing() as session:
        return limiter.hit(session, client)


def test_no_span_of_the_period_has_more_actions_than_the_limit(database, clock):
    mine = limiter(clock)
    allowed: list[float] = []
    for _ in range(120):  # two hours, a try each minute
        wait = hit(database, mine)
        if wait is None:
            allowed.append(clock.now)
        else:
            assert allowed[-3] + wait.total_seconds() + clock.now - allowed[-3] > clock.now
            assert wait.total_seconds() == allowed[-3] + 15 * MINUTE - clock.now
        clock.now += MINUTE
    for earlier, later in zip(allowed, allowed[3:], strict=False):
        assert later - earlier >= 15 * MINUTE
    assert len(allowed) == 3 * 8


def test_the_window_slides_over_the_full_quarters_of_the_clock(database, clock):
    mine = limiter(clock)
    clock.now = NOON - NOON % (15 * MINUTE) - 2
    assert [hit(database, mine) for _ in range(3)] == [None] * 3
    clock.now += 4
    assert hit(database, mine) == timedelta(minutes=15, seconds=-4)
    clock.now += 15 * MINUTE - 4
    assert hit(database, mine) is None


def test_many_actions_at_once_are_no_more_than_the_limit(settings, database, clock):
    """On two engines, as in two processes."""
    other = Database(settings().database)
    mine = limiter(clock, limit=10)
    with ThreadPoolExecutor(12) as threads:
        waits = list(threads.map(lambda n: hit((database, other)[n % 2], mine), range(60)))
    other.engine.dispose()
    assert waits.count(None) == 10
    assert {wait for wait in waits if wait} == {timedelta(minutes=15)}


def test_clients_and_actions_are_counted_apart_and_stored_as_hashes(database, clock):
    mine, another = limiter(clock), limiter(clock, action="another")
    for _ in range(3):
        hit(database, mine)
    assert hit(database, mine)
    assert hit(database, mine, "b") is None
    assert hit(database, another) is None
    with database.reading() as session:
        rows = session.scalars(select(RateLimit)).all()
    assert len({row.client for row in rows}) == 2
    assert all(len(row.client) == 64 for row in rows)


def test_a_released_action_does_not_count(database, clock):
    mine = limiter(clock)
    for _ in range(10):
        assert hit(database, mine) is None
        with database.writing() as session:
            mine.release(session, "a")
    with database.writing() as session:
        mine.release(session, "a")  # more than there were
        mine.release(session, "nobody")
    assert [hit(database, mine) for _ in range(3)] == [None] * 3
    assert hit(database, mine)


def test_a_limit_may_be_changed(database, clock):
    for _ in range(5):
        hit(database, limiter(clock, limit=5))
        clock.now += MINUTE
    assert hit(database, limiter(clock, limit=2)) == timedelta(minutes=13)
    clock.now += 14 * MINUTE - 1
    assert hit(database, limiter(clock, limit=2)) is None
    assert hit(database, limiter(clock, limit=2))


def test_old_rows_are_removed(database, clock):
    mine, another = limiter(clock), limiter(clock, action="another")
    for number in range(150):
        hit(database, another, f"client {number}")
    clock.now += 15 * MINUTE + 1
    for _ in range(2):  # a hundred at a time
        hit(database, mine)
    with database.reading() as session:
        assert [row.action for row in session.scalars(select(RateLimit))] == ["test"]
