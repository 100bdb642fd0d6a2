"""What only the people who run the site may see and do."""

from __future__ import annotations

from flask import Blueprint, Flask

from webapp.admin import drawings, login, review, versions


def init_app(app: Flask) -> None:
    login.init_app(app)
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    for blueprint in (login.blueprint, review.blueprint, drawings.blueprint, versions.blueprint):
        admin.register_blueprint(blueprint)
    app.register_blueprint(admin)
