"""Protection against cross-site request forgery, by Flask-WTF."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Flask, Response, request
from flask.typing import RouteCallable
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from webapp.http.errors import Problem, answer
from webapp.threads import Lane, in_thread

_SMALL_FORM = 1 << 14  # bytes; parsing more holds up other requests


def init_app(
    app: Flask,
    exempt: Iterable[Blueprint | RouteCallable],
    lifetime: int,
    is_needed: Callable[[], bool],
) -> None:
    """Require a CSRF token for every request that changes something.

    The token is the form field `csrf_token` or the header `X-CSRF-Token`, valid for `lifetime`
    seconds. `exempt` are the blueprints and views that need none; `is_needed` returns whether the
    current request could have been forged at all.
    """
    protection = CSRFProtect()
    exempt_blueprints = set()
    for each in exempt:
        protection.exempt(each)
        if isinstance(each, Blueprint):
            exempt_blueprints.add(each.name)
    app.config.update(
        WTF_CSRF_TIME_LIMIT=lifetime,
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below, unless the request cannot be forged
        # The token and SameSite cookies suffice. A proxy that rewrites Host would fail this check.
        WTF_CSRF_SSL_STRICT=False,
    )
    protection.init_app(app)

    @app.before_request
    def check() -> None:
        if request.blueprint in exempt_blueprints:
            return  # sooner than the library finds out
        if is_needed():
            # The token is a field of the form, which may come with a large file.
            is_small = (request.content_length or 0) <= _SMALL_FORM
            lane = Lane.GREENLET if is_small else Lane.DATABASE
            in_thread(lane, partial(protection.protect, apply_exemptions=True))

    @app.errorhandler(CSRFError)
    def refuse(_error: CSRFError) -> Response:
        return answer(
            Problem(
                HTTPStatus.BAD_REQUEST, "csrf", "This form has expired; reload the page and retry"
            )
        )
