"""The limits of what a client may do: one object for all views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from webapp.http.rate_limit import RateLimiter
from webapp.http.slots import Slots
from webapp.http.throttle import Throttle
from webapp.settings import Settings

GUESSES = 10
"""Wrong passwords and API tokens together that a client may send within `_GUESSING`."""

LESSONS = 20
"""Lessons that a class may begin within an hour."""

_CLASS_GUESSES = 60
"""Wrong tokens of classes from a network within `_GUESSING`: a whole class may mistype its own."""

_GUESSING = timedelta(minutes=15)
_DAY = timedelta(days=1)
_BATCHES, _BATCHES_OF_CLIENT = 16, 4  # that a process reads at once; each has files on the disk
_WATCHERS, _WATCHERS_OF_CLIENT = 150, 75  # of lessons; each is a request under way for minutes


@dataclass(frozen=True, slots=True)
class Limits:
    """Clients are networks (`http.client.client_network`), unless the name says otherwise."""

    requests: Throttle
    batches: Slots
    watchers: Slots
    guesses: RateLimiter
    corrections: RateLimiter
    corrections_of_visitor: RateLimiter
    class_guesses: RateLimiter
    lessons: RateLimiter
    """Of a class, by its key."""

    @classmethod
    def of(cls, settings: Settings, secret: str) -> Limits:
        """The limits that the settings set."""
        return cls(
            requests=Throttle(settings.rate_limit),
            batches=Slots(_BATCHES, _BATCHES_OF_CLIENT),
            watchers=Slots(_WATCHERS, _WATCHERS_OF_CLIENT),
            guesses=RateLimiter("guesses", GUESSES, _GUESSING, secret),
            corrections=RateLimiter("corrections", settings.corrections_per_day, _DAY, secret),
            corrections_of_visitor=RateLimiter(
                "visitor corrections", settings.corrections_per_visitor, _DAY, secret
            ),
            class_guesses=RateLimiter("class guesses", _CLASS_GUESSES, _GUESSING, secret),
            lessons=RateLimiter("lessons", LESSONS, timedelta(hours=1), secret),
        )
