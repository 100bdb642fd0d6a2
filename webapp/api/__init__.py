"""The HTTP API, version 1, and the monitoring endpoints: one file per resource."""

from __future__ import annotations

from webapp.api import batch, feedback, health, models, openapi, predict

BLUEPRINTS = (
    predict.blueprint,
    batch.blueprint,
    feedback.blueprint,
    models.blueprint,
    openapi.blueprint,
    health.blueprint,
)
