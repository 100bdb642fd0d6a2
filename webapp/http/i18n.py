"""The language of a response.

The one that the address names, else the one chosen on the page, else the browser's preference.
"""

from __future__ import annotations

import sys
from decimal import ROUND_HALF_UP, Decimal

from flask import Flask, Response, request
from flask_babel import Babel, get_locale
from flask_babel import gettext as _

COOKIE = PARAMETER = "language"

LANGUAGES = {"en": "English", "zh-Hans": "简体中文"}
"""Names of the supported languages, each in its own language, by BCP 47 tag."""


def init_app(app: Flask) -> None:
    """Translate pages, and send the `Vary` headers that follow from it."""
    Babel(app, locale_selector=_choose)
    app.context_processor(
        lambda: {
            "languages": LANGUAGES,
            "language": language(),
            "percent_pattern": percent_pattern(),
        }
    )
    app.add_template_filter(percent)
    app.add_template_filter(chance)

    @app.after_request
    def vary(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.update(["Cookie", "Accept-Language"])
        return response


def language() -> str:
    """BCP 47 tag of the language of the current response."""
    return str(get_locale() or "en").replace("_", "-")


def percent(share: float, places: int = 1) -> str:
    """A share, 0..1, as per cent with this many decimal places, as static/percent.js writes it.

    Only all is 100 %: what is less never rounds up to it.
    """
    step = Decimal(1).scaleb(-places)
    number = Decimal(100 * share).quantize(step, ROUND_HALF_UP)
    if share < 1:
        number = min(number, 100 - step)
    return percent_pattern().format(number=number)


def chance(probability: float, places: int = 1) -> str:
    """The same of a probability, never 100 %, even where floats have no number below 1 for it."""
    return percent(min(probability, 1 - sys.float_info.epsilon), places)


def percent_pattern() -> str:
    """How the current language writes per cent; {number} has a decimal point in all of them."""
    return _("{number} %")


def _choose() -> str:
    chosen = request.args.get(PARAMETER) or request.cookies.get(COOKIE)
    if chosen not in LANGUAGES:
        # A browser that asks for zh-CN matches zh, and not zh-Hans.
        asked = request.accept_languages.best_match([*LANGUAGES, "zh"], default="en")
        chosen = "zh-Hans" if asked == "zh" else asked
    return chosen.replace("-", "_")
