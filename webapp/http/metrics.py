"""Metrics for Prometheus, summed over the worker processes of this machine.

Whatever happens to their files, no request fails for it. The values of labels come from fixed
lists, since each combination takes memory for ever: routes, statuses and models are ours, and of
the methods, which clients may invent, the known ones are counted by name.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPMethod, HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from webapp.http import metric_files
from webapp.http.errors import Problem

log = logging.getLogger(__name__)

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder of all workers' files; set by gunicorn.conf.py."""
_METHODS = frozenset(HTTPMethod)
_STATUSES = frozenset(HTTPStatus)
_OTHER = "other"
_COUNT_AGAIN_AFTER = 10.0
"""Seconds after a failure. Meanwhile nothing is counted, and what failed is not tried again."""

_REQUESTS = Counter("inkling_requests", "Number of requests", ["route", "method", "status"])
_SECONDS = Histogram(
    "inkling_request_seconds",
    "Time to respond, in seconds",
    ["route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_PREDICTIONS = Counter("inkling_predictions", "Number of predictions", ["model", "certainty"])

_paused_until = 0.0
metric_files.install()


def init_app(app: Flask) -> None:
    """Count every request, and time it."""

    @app.before_request
    def start_clock() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else _OTHER
        status = response.status_code if response.status_code in _STATUSES else _OTHER
        took = time.perf_counter() - g.started if "started" in g else None
        _quietly(lambda: _count_request(route, method, status, took))
        return response


def _count_request(route: str, method: str, status: int | str, seconds: float | None) -> None:
    _labeled(_REQUESTS, route, method, status).inc()
    if seconds is not None:
        _labeled(_SECONDS, route).observe(seconds)


@cache
def _labeled(metric: Any, *values: object) -> Any:
    """The child of a metric for these labels, which the library looks for under a lock."""
    return metric.labels(*values)


def count_prediction(model: str, certainty: str) -> None:
    """Count a prediction of a model that is there, so that nobody can invent its name."""
    _quietly(lambda: _labeled(_PREDICTIONS, model, certainty).inc())


def _quietly(count: Callable[[], None]) -> None:
    """Leave out what cannot be counted, as its file is gone or the disk is full, and log it."""
    global _paused_until  # noqa: PLW0603
    now = time.monotonic()
    if now < _paused_until:
        return
    was_paused = _paused_until > 0
    try:
        count()
        _paused_until = 0.0
    except Exception as error:
        _paused_until = now + _COUNT_AGAIN_AFTER
        if not was_paused:
            log.warning("metrics cannot be counted: %s", error)


def merge_ended() -> None:
    """Keep what workers that have ended counted, and not their files."""
    if folder := os.environ.get(_FOLDER):
        try:
            metric_files.merge_ended(Path(folder))
        except Exception as error:  # of the disk, or of a file that is damaged
            log.warning("metrics of workers that have ended cannot be merged: %s", error)


def exposition(others: Iterable[Metric] = ()) -> Response:
    """All metrics in Prometheus's text format, and `others`, which are not counted here.

    Raises `Problem` where they cannot be read.
    """
    try:
        return Response(_text() + _text_of(others), content_type=CONTENT_TYPE_LATEST)
    except Exception as error:  # of the disk, or of a file that is damaged
        problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no_metrics", f"no metrics: {error}")
        problem.headers["Retry-After"] = str(round(_COUNT_AGAIN_AFTER))
        raise problem from error


def _text_of(metrics: Iterable[Metric]) -> bytes:
    class Given(Collector):
        def collect(self) -> Iterable[Metric]:
            return metrics

    registry = CollectorRegistry()
    registry.register(Given())
    return generate_latest(registry)


def _text() -> bytes:
    folder = os.environ.get(_FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    with metric_files.unchanged(Path(folder)):
        return generate_latest(registry)
