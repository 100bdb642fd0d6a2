"""GET /healthz, /readyz and /metrics: liveness, readiness and Prometheus metrics."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webapp.http import metrics
from webapp.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Liveness: the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """Readiness. A worker loads its default model before it serves, so any answer means ready."""
    models = services().models
    return jsonify(status="ok", model=models.default, version=models.get().card.version)


@blueprint.get("/metrics")
def counts() -> Response:
    """Metrics of all worker processes in Prometheus's text format."""
    return metrics.exposition()
