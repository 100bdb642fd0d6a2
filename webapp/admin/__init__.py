"""What only the people who run the site may see and do."""

from __future__ import annotations

from flask import Blueprint, Flask

from webapp.admin import drawings, login, retraining, review, versions


def init_app(app: Flask) -> None:
    login.init_app(app)
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    for page in (login, review, drawings, retraining, versions):
        admin.register_blueprint(page.blueprint)
    app.register_blueprint(admin)
