"""For whoever watches over the processes: alive, ready, and the counts."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webapp import services as parts
from webapp.http import metrics

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """A worker only serves once its default model is loaded, so an answer means readiness."""
    models = parts.models()
    return jsonify(status="ok", model=models.default, version=models.get().card.version)


@blueprint.get("/metrics")
def counts() -> Response:
    return metrics.exposition()
