"""For whoever watches over the processes: alive, ready, and the counts."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webapp.http import metrics
from webapp.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """A worker only serves once its default model is loaded, so an answer means readiness."""
    models = services().models
    return jsonify(status="ok", model=models.default, version=models.get().card.version)


@blueprint.get("/metrics")
def counts() -> Response:
    return metrics.exposition()
