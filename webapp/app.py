"""The application factory: builds the services and registers the blueprints."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
from flask import Flask

from trainer.recognition import image
from webapp import admin, admin_session, api, pages
from webapp.admin import auth
from webapp.authenticator import Authenticator
from webapp.http import (
    assets,
    bodies,
    cors,
    csrf,
    errors,
    headers,
    i18n,
    metrics,
    prefix,
    request_id,
    throttle,
    under_way,
)
from webapp.http.lanes import LanedFlask
from webapp.http.unindented import Unindented
from webapp.inference.answers import AnswerCounts
from webapp.inference.registry import Models, shipped_version
from webapp.inference.shadow import ShadowReader
from webapp.inference.signed_prediction import PredictionSigner
from webapp.inference.versions import Versions
from webapp.limits import Limits
from webapp.readiness import Readiness
from webapp.secret import secret_key
from webapp.services import EXTENSION, Services
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.sides import Sides
from webapp.threads import Lane

PATIENCE = 2.0
"""Seconds that a request waits for the database."""

_FREE = frozenset({"static", "health.alive"})
"""Endpoints that the rate limit leaves out: a page loads a dozen files."""

_PROBES = frozenset({"health.alive", "health.ready", "health.counts"})
"""Endpoints that operators need most when nothing else answers."""


def create_app(settings: Settings | None = None, models: Models | None = None) -> Flask:
    """Create the application; settings come from the environment by default.

    Call it after forking: it loads the default model into an ONNX Runtime session, which does not
    survive a fork. Raises `SettingsError` for an invalid setting, and `BundleError` if the default
    model cannot be loaded.
    """
    settings = settings or Settings.from_environment()
    folders = {"static_folder": _folder("static"), "template_folder": _folder("templates")}
    app = LanedFlask("webapp", lanes={"admin": Lane.DATABASE}, **folders)
    # Base64 makes an image a third larger, and strokes may accompany it.
    app.config["MAX_CONTENT_LENGTH"] = image.MAX_BYTES * 3 // 2
    app.jinja_options = app.jinja_options | {"extensions": [Unindented]}
    database = Database(settings.database, PATIENCE)
    app.secret_key = secret_key(settings.secret_key, settings.home_folder, database)
    services = app.extensions[EXTENSION] = _services(settings, database, app.secret_key, models)
    cv2.setNumThreads(1)  # there is one worker process for each core

    app.jinja_env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

    assets.init_app(app)
    request_id.init_app(app)
    headers.init_app(app, pages.FRAMED, settings.embedding_origins)
    cors.init_app(app, settings.asking_origins)
    metrics.init_app(app)
    errors.init_app(app)
    i18n.init_app(app)
    under_way.init_app(
        app, settings.requests_at_once, exempt=_PROBES, shared=settings.rate_limit > 0
    )
    throttle.init_app(app, services.limits.requests, exempt=_FREE)
    for blueprint in (pages.blueprint, *api.BLUEPRINTS):
        app.register_blueprint(blueprint)
    admin.init_app(app)
    bodies.init_app(app)
    # Exempt is what stores nothing, and the API: uploads must work without a session, and the API
    # takes feedback as JSON only, which a form of another site cannot send.
    csrf.init_app(
        app,
        exempt=(*pages.UPLOADS, *api.BLUEPRINTS),
        lifetime=admin_session.SECONDS,
        is_needed=auth.can_be_forged,
    )
    prefix.init_app(app, settings.prefix, settings.proxies)
    return app


def _services(
    settings: Settings, database: Database, secret: str, models: Models | None
) -> Services:
    versions = Versions(database, partial(shipped_version, settings))
    models = models or Models(settings, versions)
    answers = AnswerCounts(database)
    shadow = ShadowReader(database, versions, models)
    models.watchers = [answers.count, shadow.watch]
    return Services(
        settings=settings,
        database=database,
        versions=versions,
        models=models,
        answers=answers,
        shadow=shadow,
        signer=PredictionSigner(secret),
        authenticator=Authenticator(settings, secret),
        readiness=Readiness(database, settings.home_folder),
        limits=Limits.of(settings, secret),
        sides=Sides(secret),
    )


def _folder(name: str) -> str:
    """The folder of templates or assets: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return str(inside if inside.is_dir() else package.parent / name)
