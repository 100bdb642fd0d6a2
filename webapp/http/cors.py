"""Lets scripts of other sites ask the API, where the settings name their origins."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

from webapp.http import request_id

_API = "/api/v1/"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": f"Content-Type, Prefer, {request_id.HEADER}",
    "Access-Control-Max-Age": "7200",  # seconds, the most that browsers allow
}
_ANSWER = {
    "Access-Control-Expose-Headers": (
        f"Picture-Count, Preference-Applied, Retry-After, {request_id.HEADER}"
    )
}


def init_app(app: Flask, origins: Collection[str]) -> None:
    """Tell browsers that scripts of these origins may ask the API and read its answers.

    Without credentials: neither cookies nor an administrator's token are sent, so that a site that
    is trusted with questions can do nothing in a visitor's name.
    """
    if not origins:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        if not request.path.startswith(_API):
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin", "")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers.extend(_PREFLIGHT if request.method == "OPTIONS" else _ANSWER)
        return response
