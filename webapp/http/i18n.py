"""The language of a response.

The one that the address names, else the one chosen on the page, else the browser's preference.
"""

from __future__ import annotations

from flask import Flask, Response, request
from flask_babel import Babel, get_locale

COOKIE = PARAMETER = "language"

LANGUAGES = {"en": "English", "zh-Hans": "简体中文"}
"""Names of the supported languages, each in its own language, by BCP 47 tag."""


def init_app(app: Flask) -> None:
    """Translate pages, and send the `Vary` headers that follow from it."""
    Babel(app, locale_selector=_choose)
    app.context_processor(lambda: {"languages": LANGUAGES, "language": language()})

    @app.after_request
    def vary(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.update(["Cookie", "Accept-Language"])
        return response


def language() -> str:
    """BCP 47 tag of the language of the current response."""
    return str(get_locale() or "en").replace("_", "-")


def _choose() -> str:
    chosen = request.args.get(PARAMETER) or request.cookies.get(COOKIE)
    if chosen not in LANGUAGES:
        # A browser that asks for zh-CN matches zh, and not zh-Hans.
        asked = request.accept_languages.best_match([*LANGUAGES, "zh"], default="en")
        chosen = "zh-Hans" if asked == "zh" else asked
    return chosen.replace("-", "_")
