"""The services that views use: one typed object on the app, made by `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from webapp.authenticator import Authenticator
from webapp.inference.answers import AnswerCounts
from webapp.inference.registry import Models
from webapp.inference.shadow import ShadowReader
from webapp.inference.signed_prediction import PredictionSigner
from webapp.inference.versions import Versions
from webapp.limits import Limits
from webapp.readiness import Readiness
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.sides import Sides

EXTENSION = "inkling"
"""Key of the `Services` in `app.extensions`."""


@dataclass(slots=True)
class Services:
    """Everything a view needs besides the request."""

    settings: Settings
    database: Database
    versions: Versions
    models: Models
    answers: AnswerCounts
    shadow: ShadowReader
    signer: PredictionSigner
    authenticator: Authenticator
    readiness: Readiness
    limits: Limits
    sides: Sides
    # gunicorn.conf.py sets these two.
    is_stopping: Callable[[], bool] = lambda: False
    """Whether the process is shutting down; streamed responses must then end."""
    is_draining: Callable[[], bool] = lambda: False
    """Whether the site is about to shut down; load balancers should send no more requests."""


def services() -> Services:
    """The services of the application that handles this request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
