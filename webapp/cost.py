"""What reading a picture costs of the client's rate limit, beside the request itself."""

from __future__ import annotations

from flask import request

from trainer.recognition.image import Picture
from webapp.http.client import client_network
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


def charge(
    picture: Picture, options: PredictRequest | None = None, *, is_explained: bool = False
) -> None:
    """Charge the client of the current request for reading a picture, with these options."""
    cost = cost_of(picture, options, is_explained=is_explained)
    services().limits.requests.owe(client_network(request), cost)


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
