"""The language switch."""

from __future__ import annotations

import re

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp.http import i18n
from webapp.pages.shared import blueprint

_YEAR = 365 * 24 * 3600
_LOCAL_PATH = re.compile(r"/([a-z][a-z0-9/._-]*)?", re.ASCII | re.IGNORECASE)
"""A path on this site; matches neither `//host` nor `/\\host`, which lead to another host."""


@blueprint.get("/language/<tag>")
def choose_language(tag: str) -> Response:
    """Set the language cookie and return to the page named by the query parameter `back`.

    It is a path below the site's own.
    """
    if tag not in i18n.LANGUAGES:
        abort(404)
    back = request.args.get("back", "")
    is_ours = _LOCAL_PATH.fullmatch(back)
    response = redirect(request.script_root + back if is_ours else url_for("pages.draw"))
    response.set_cookie(
        i18n.COOKIE,
        tag,
        max_age=_YEAR,
        path=request.script_root or "/",
        samesite="Lax",
        secure=request.is_secure,
        httponly=True,
    )
    return response
