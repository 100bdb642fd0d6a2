"""The HTTP API for scripts, version 1, and the endpoints for monitoring: a resource a file."""

from __future__ import annotations

from webapp.api import feedback, health, models, openapi, predict

BLUEPRINTS = (
    predict.blueprint,
    feedback.blueprint,
    models.blueprint,
    openapi.blueprint,
    health.blueprint,
)
