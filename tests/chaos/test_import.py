"""An import of many drawings beside everybody's requests."""

from __future__ import annotations

import json

import numpy as np

from tests.chaos.conftest import ADMIN, Site
from tests.chaos.load import until

DRAWINGS = 400
BOUNDARY = "chaos"


def stroke_file(count: int, rng: np.random.Generator) -> bytes:
    """Stroke records of different sevens."""
    corners = np.array([[35, 30], [100, 30], [65, 115]]) + rng.integers(-16, 16, (count, 3, 2))
    records = [
        {"label": "7", "writer": f"writer {number}", "strokes": [each.tolist()]}
        for number, each in enumerate(corners)
    ]
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def send_file(site: Site, content: bytes) -> dict:
    """Upload a file to import; its counts, or the import that goes on."""
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        'name="file"; filename="strokes.jsonl"\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = site.post("/admin/drawings", body, **ADMIN | kind)
    assert answer.status in {200, 202}, answer
    return answer.json()


def progress(site: Site, told: dict) -> dict:
    """The import as it is now; what ended within the first request has no id."""
    if "id" not in told:
        return told
    return site.get(f"/admin/api/imports/{told['id']}", **ADMIN).json()


def has_ended(site: Site, told: dict) -> bool:
    return progress(site, told).get("state") not in {"waiting", "running"}


def test_an_import_holds_up_nobody_and_stores_all(site, rng):
    site.longest  # noqa: B018
    with site.load() as load:
        told = send_file(site, stroke_file(DRAWINGS, rng))
        until(lambda: has_ended(site, told), 120)
        load.wait_for(20)
    site.check(load, site.longest)
    counts = progress(site, told)
    assert counts["kept"] + counts["known"] == DRAWINGS, counts  # two sevens may look alike
    assert len(site.stored()) >= counts["kept"] + len(load.acknowledged)
