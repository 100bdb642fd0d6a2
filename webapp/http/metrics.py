"""Metrics for Prometheus, summed over the worker processes of this machine."""

from __future__ import annotations

import os
import time

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_REQUESTS = Counter("inkling_requests", "Number of requests", ["route", "method", "status"])
_SECONDS = Histogram(
    "inkling_request_seconds",
    "Time to respond, in seconds",
    ["route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PREDICTIONS = Counter("inkling_predictions", "Number of predictions", ["model", "certainty"])


def init_app(app: Flask) -> None:
    """Count every request, and time it."""

    @app.before_request
    def start_clock() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        _REQUESTS.labels(route, request.method, response.status_code).inc()
        if "started" in g:
            _SECONDS.labels(route).observe(time.perf_counter() - g.started)
        return response


def exposition() -> Response:
    """All metrics in Prometheus's text format."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # set by gunicorn.conf.py, for several workers
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
