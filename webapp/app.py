"""The application factory. It only wires."""

from __future__ import annotations

from pathlib import Path

import cv2
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from trainer.recognition import image
from webapp import admin
from webapp.api import feedback, health
from webapp.api import openapi as docs
from webapp.api import predict as api
from webapp.http import errors, headers, i18n, metrics, request_id
from webapp.inference.registry import Models
from webapp.inference.signed_prediction import PredictionSigner
from webapp.inference.versions import Versions
from webapp.pages import draw as pages
from webapp.retraining.queue import Queue
from webapp.secret import secret_key
from webapp.services import EXTENSION, Services
from webapp.settings import Settings
from webapp.storage.database import Database


def create_app(settings: Settings | None = None, models: Models | None = None) -> Flask:
    """Make the application from the settings, by default those of the environment.

    Loads the default model, so call it after forking. Raises `SettingsError` for a wrong setting
    and `BundleError` where not even the model that comes with the project can be loaded.
    """
    settings = settings or Settings.from_environment()
    app = Flask("webapp", static_folder=_beside("static"), template_folder=_beside("templates"))
    # Base64 makes a picture a third larger, and strokes may travel with it.
    app.config["MAX_CONTENT_LENGTH"] = image.MAX_BYTES * 3 // 2
    app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.proxies] * 4)  # type: ignore[method-assign]
    app.secret_key = secret_key(settings.secret_key, Path(settings.home))
    database = Database(settings.database)
    versions = Versions(database, Path(settings.home))
    app.extensions[EXTENSION] = Services(
        settings=settings,
        database=database,
        versions=versions,
        models=models or Models(settings, versions),
        signer=PredictionSigner(app.secret_key),
        queue=Queue(settings.queue, Path(settings.home)),
    )
    cv2.setNumThreads(1)  # a worker is one core's share

    request_id.init_app(app)
    headers.init_app(app)
    metrics.init_app(app)
    errors.init_app(app)
    i18n.init_app(app)
    for blueprint in (
        pages.blueprint,
        api.blueprint,
        feedback.blueprint,
        docs.blueprint,
        health.blueprint,
    ):
        app.register_blueprint(blueprint)
    admin.init_app(app)
    return app


def _beside(name: str) -> str:
    """A folder of pages or assets: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return str(inside if inside.is_dir() else package.parent / name)
