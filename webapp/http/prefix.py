"""The path under which the site is: that of the setting, or the one that trusted proxies name.

In WSGI it is `SCRIPT_NAME`, which `url_for`, redirects and the paths of cookies follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from webapp.settings import SettingsError, is_prefix


def init_app(app: Flask, prefix: str, proxies: int) -> None:
    """Believe `proxies` proxies in front, and take the site's prefix from `prefix` or from them.

    A `prefix` is removed from paths that begin with it, as proxies may leave it there or not; what
    comes without it, such as a health check, is answered as well. Proxies that name the prefix
    (`X-Forwarded-Prefix`) remove it themselves. Call it when all routes are registered: raises
    `SettingsError` for a prefix that they begin with.
    """
    if prefix and _first(prefix) in set(map(_first, _paths(app.url_map.iter_rules()))):
        raise SettingsError(f"INKLING_PREFIX={prefix!r} is wrong: the app has such paths itself")
    placed = _Placed(app.wsgi_app, prefix)
    app.wsgi_app = ProxyFix(placed, *[proxies] * 5)  # type: ignore[method-assign]


class _Placed:
    """A WSGI application under a prefix."""

    def __init__(self, app: Any, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if self._prefix:
            environ["SCRIPT_NAME"] = self._prefix
            path = environ.get("PATH_INFO", "")
            if (path + "/").startswith(self._prefix + "/"):
                environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        else:
            # From a header, which may be anything: `//host` would lead links to another host.
            named = environ.get("SCRIPT_NAME", "").rstrip("/")
            environ["SCRIPT_NAME"] = named if is_prefix(named) else ""
        return self._app(environ, start_response)


def _paths(rules: Iterable[Rule]) -> Iterable[str]:
    return (rule.rule for rule in rules)


def _first(path: str) -> str:
    return path.split("/")[1]
