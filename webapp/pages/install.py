"""What lets browsers install the site as an app: manifest, service worker, and the page that the
latter shows while the server is away."""

from __future__ import annotations

import hashlib
import re

from flask import Response, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from webapp.http.i18n import language
from webapp.pages.shared import blueprint

THEME_COLORS = {"light": "#faf8f3", "dark": "#171613"}
"""The paper's colors, as in static/inkling.css."""

_ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"),
          ("icon-maskable.png", 512, "maskable"))  # fmt: skip
_ASSET = re.compile(r'(?:href|src)="([^"]*/static/[^"]+)"')


@blueprint.app_context_processor
def theme_colors() -> dict[str, object]:
    """The colors of the browser's frame, for `base.html`."""
    return {"theme_colors": THEME_COLORS}


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """The manifest of the installed app."""
    response = jsonify(
        {
            "id": url_for("pages.draw"),
            "name": "Inkling",
            "short_name": "Inkling",
            "description": _("Inkling reads handwritten digits."),
            "lang": language(),
            "start_url": url_for("pages.draw"),
            "scope": url_for("pages.draw"),
            "display": "standalone",
            "theme_color": THEME_COLORS["light"],
            "background_color": THEME_COLORS["light"],
            "icons": [
                {
                    "src": url_for("static", filename=name),
                    "sizes": f"{side}x{side}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for name, side, purpose in _ICONS
            ],
        }
    )
    response.mimetype = "application/manifest+json"
    response.vary.update(["Cookie", "Accept-Language"])
    return response


@blueprint.get("/offline")
def offline() -> str:
    """The page that the service worker shows while the server is away."""
    return render_template("offline.html")


@blueprint.get("/service-worker.js")
def service_worker() -> Response:
    """The service worker: it keeps the offline page and its files, and nothing else.

    It names them by their content, so that browsers fetch it anew when any of them changes.
    """
    page = offline()
    script = render_template(
        "service-worker.js",
        page=url_for("pages.offline"),
        files=_ASSET.findall(page),
        version=hashlib.sha256(page.encode()).hexdigest()[:12],
        admin=url_for("admin.dashboard.overview"),
    )
    response = Response(script, mimetype="text/javascript")
    response.cache_control.no_cache = True
    response.vary.update(["Cookie", "Accept-Language"])
    return response


@blueprint.get("/favicon.ico")
def favicon() -> AnyResponse:
    """The icon for whoever asks without having read a page."""
    return redirect(url_for("static", filename="favicon.ico"), 301)
