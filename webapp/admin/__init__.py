"""The admin area: pages and actions under /admin, JSON for its scripts under /admin/api."""

from __future__ import annotations

from flask import Blueprint, Flask, Response

from webapp.admin import (
    auth,
    dashboard,
    drawings,
    drift,
    retraining,
    review,
    runs,
    shadow,
    versions,
)


def init_app(app: Flask) -> None:
    """Register the admin area, which requires signing in."""
    auth.init_app(app)
    drawings.init_app(app)
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    for page in (auth, dashboard, review, drawings, retraining, versions, shadow, drift):
        admin.register_blueprint(page.blueprint)
    api = Blueprint("api", __name__, url_prefix="/api")
    for resource in (review, drawings, runs):
        api.register_blueprint(resource.api)
    admin.register_blueprint(api)
    admin.after_request(_forbid_caching)
    app.register_blueprint(admin)


def _forbid_caching(response: Response) -> Response:
    """Keep admin pages out of all caches, so that nothing remains readable after signing out."""
    response.cache_control.no_store = True
    return response
