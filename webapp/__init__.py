"""Everything that runs at serve time. Never imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app() -> Flask:
    """Make the application from the environment's settings: what a WSGI server calls.

    Imported late, so that gunicorn's master, which reads the settings, holds none of the code that
    a reload is to bring anew.
    """
    from webapp.app import create_app as create

    return create()
