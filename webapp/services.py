"""The parts of the application that is answering, each as `create_app` wired it."""

from __future__ import annotations

from flask import current_app

from webapp.inference.registry import Models
from webapp.inference.signed_prediction import Receipts
from webapp.inference.versions import Versions
from webapp.retraining.queue import Queue
from webapp.settings import Settings
from webapp.storage.database import Database


def settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def database() -> Database:
    found: Database = current_app.extensions["database"]
    return found


def versions() -> Versions:
    found: Versions = current_app.extensions["versions"]
    return found


def models() -> Models:
    found: Models = current_app.extensions["models"]
    return found


def receipts() -> Receipts:
    found: Receipts = current_app.extensions["receipts"]
    return found


def queue() -> Queue:
    found: Queue = current_app.extensions["queue"]
    return found


def is_stopping() -> bool:
    """Whether the process is about to end, and what streams has to come to its end too."""
    stopping: bool = current_app.extensions["stopping"]()
    return stopping
