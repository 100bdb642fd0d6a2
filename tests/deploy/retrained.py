"""Has a site retrain on corrections by its API, as a visitor and an administrator do."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from tests.bench.retraining import drawings

TOKEN = "a token for the image"
_ENDS_WITHIN = 1800  # seconds
_OPEN = {"queued", "running"}


def retrained(site: str) -> dict[str, Any]:
    """Correct what the site reads, accept the corrections, and retrain; the run, when it has ended.

    A visitor's first 16 drawings teach, and the next 4 judge. Raises `TimeoutError`.
    """
    for drawing in drawings():
        strokes = {"strokes": drawing["strokes"]}
        read = _ask(f"{site}/api/v1/predict", strokes)
        feedback = {"prediction_id": read["prediction_id"], "label": drawing["label"]}
        _ask(f"{site}/api/v1/feedback", feedback | strokes)
    for stored in _ask(f"{site}/admin/api/drawings?state=new")["drawings"]:
        _ask(f"{site}/admin/api/drawings/{stored['id']}", {"state": "accepted"})
    run = _ask(f"{site}/admin/retrain", {})
    until = time.monotonic() + _ENDS_WITHIN
    while run["state"] in _OPEN:
        if time.monotonic() > until:
            raise TimeoutError(f"the run is {run['state']}: {run['progress']}")
        time.sleep(2)
        run = _ask(f"{site}/admin/api/runs/{run['id']}")
    return run


def _ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, content, headers)) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
