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

_GUESSING = timedelta(minutes=15)
_DAY = timedelta(days=1)
_BATCHES, _BATCHES_OF_CLIENT = 16, 4  # that a process reads at once; each has files on the disk


@dataclass(frozen=True, slots=True)
class Limits:
    """Clients are networks (`http.client.client_network`), unless the name says otherwise."""

    requests: Throttle
    batches: Slots
    guesses: RateLimiter
    corrections: RateLimiter
    corrections_of_visitor: RateLimiter

    @classmethod
    def of(cls, settings: Settings, secret: str) -> Limits:
        """The limits that the settings set."""
        return cls(
            requests=Throttle(settings.rate_limit),
            batches=Slots(_BATCHES, _BATCHES_OF_CLIENT),
            guesses=RateLimiter("guesses", GUESSES, _GUESSING, secret),
            corrections=RateLimiter("corrections", settings.corrections_per_day, _DAY, secret),
            corrections_of_visitor=RateLimiter(
                "visitor corrections", settings.corrections_per_visitor, _DAY, secret
            ),
        )
