"""What reading a picture costs of the client's rate limit, beside the request itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import request

from trainer.recognition.image import Picture
from webapp.http.client import client_network
from webapp.http.throttle import Throttle, too_many_requests
from webapp.inference.registry import ALL
from webapp.schemas import PredictRequest
from webapp.services import services

# In requests to read a drawing with the default model. The figures are in docs/decisions.md; an
# explanation costs less than its time, so that the page may ask for one at each pause of the pen.
_EXPLANATION = 10.0
_ALL_MODELS = 3.0
_NUMBER = 3.0
_MEGAPIXEL = 2.0
_STROKE = 0.03  # drawn from its points
_SECOND = 50.0  # of decoding beyond the usual, even if the picture is then refused
_USUAL_SECONDS = 0.1


def charged(
    read: Callable[[], Picture],
    options: PredictRequest | None = None,
    *,
    is_explained: bool = False,
) -> Picture:
    """The picture that `read` decodes, charged to the client of the current request.

    Raises `Problem` as `read` does; what is refused is charged too. Nothing is decoded for a client
    whose pictures that were decoded while this one waited for a thread cost more than it may owe.
    """
    throttle, client = services().limits.requests, client_network(request)
    if wait := throttle.overdue(client):
        raise too_many_requests(wait)
    return charged_to(throttle, client, read, options, is_explained=is_explained)


def charged_to(
    throttle: Throttle,
    client: str,
    read: Callable[[], Picture],
    options: PredictRequest | None = None,
    *,
    is_explained: bool = False,
) -> Picture:
    """The picture that `read` decodes, charged to a client. Raises `Problem` as `read` does."""
    began = time.perf_counter()
    cost = 0.0
    try:
        picture = read()
        cost = cost_of(picture, options, is_explained=is_explained)
        return picture
    finally:
        late = max(0.0, time.perf_counter() - began - _USUAL_SECONDS)
        throttle.owe(client, cost + late * _SECOND)


def charge_sheet(lines: int, readings: float) -> None:
    """Charge the client of the current request for drawing so many lines, and reading them."""
    services().limits.requests.owe(client_network(request), _STROKE * lines + readings - 1)


def cost_of(
    picture: Picture, options: PredictRequest | None = None, *, is_explained: bool = False
) -> float:
    """What reading a picture costs beside the request, in requests to read a drawing."""
    megapixels = picture.image.width * picture.image.height * picture.frames / 1e6
    cost = _MEGAPIXEL * megapixels
    if is_explained:
        cost += _EXPLANATION - 1
    if options and options.image is None:
        cost += _STROKE * len(options.strokes or [])
    if options and options.model == ALL:
        cost += _ALL_MODELS - 1
    if options and options.mode == "number":
        cost += _NUMBER - 1
    return cost
