"""Chooses the threads that a view runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask, request
from flask.typing import ResponseReturnValue

from webapp.http.lazy_rule import LazyRule
from webapp.threads import Lane, in_thread

V = TypeVar("V", bound=Callable[..., Any])

_ATTRIBUTE = "runs_in"
_SMALL_BODY = 1 << 16  # bytes; parsing more takes over a millisecond
_GETTING = {"GET", "HEAD", "OPTIONS"}


def runs_in(lane: Lane | Callable[[], Lane]) -> Callable[[V], V]:
    """Mark a view with its lane, or with a function that chooses it for the current request."""

    def mark(view: V) -> V:
        setattr(view, _ATTRIBUTE, lane)
        return view

    return mark


def lane_by_size() -> Lane:
    """The lane in which to parse the body of the current request."""
    is_small = (request.content_length or 0) <= _SMALL_BODY
    return Lane.GREENLET if is_small else Lane.COMPUTE


class LanedFlask(Flask):
    """Runs each view in the lane that it is marked with, or else that of its blueprint.

    `lanes` maps the names of outermost blueprints to lanes. All other views get pages and files in
    `Lane.PAGE`, and are sent pictures in `Lane.COMPUTE`.
    """

    url_rule_class = LazyRule

    def __init__(self, *args: Any, lanes: Mapping[str, Lane], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lanes = lanes

    def ensure_sync(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none is a coroutine, and asking costs each request 60 µs."""
        return function

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, or raise the error of a request that has none."""
        if request.url_rule is None:
            return super().dispatch_request()
        endpoint = request.url_rule.endpoint
        usual = Lane.PAGE if request.method in _GETTING else Lane.COMPUTE
        default = self._lanes.get(endpoint.partition(".")[0], usual)
        chosen = getattr(self.view_functions[endpoint], _ATTRIBUTE, default)
        lane = chosen if isinstance(chosen, Lane) else chosen()
        return in_thread(lane, super().dispatch_request)
