"""What only the people who run the site may see and do."""

from __future__ import annotations

from flask import Blueprint, Flask, Response

from webapp.admin import auth as login
from webapp.admin import drawings, retraining, review, versions


def init_app(app: Flask) -> None:
    login.init_app(app)
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    for page in (login, review, drawings, retraining, versions):
        admin.register_blueprint(page.blueprint)
    admin.after_request(keep_nowhere)
    app.register_blueprint(admin)


def keep_nowhere(response: Response) -> Response:
    """No cache keeps what only they may see: who signs out leaves nothing behind."""
    response.cache_control.no_store = True
    return response
