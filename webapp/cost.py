"""What reading a picture costs of the client's rate limit, beside the request itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request

from trainer.recognition.image import Picture
from webapp.http.client import client_network
from webapp.inference.explain import explain
from webapp.inference.registry import ALL
from webapp.schemas import PredictRequest
from webapp.services import services

# In requests to read a drawing with the default model. The figures are in docs/decisions.md; an
# explanation costs less than its time, so that the page may ask for one at each pause of the pen.
_EXPLANATION = 10.0
_ALL_MODELS = 3.0
_NUMBER = 3.0
_MEGAPIXEL = 2.0


def charge(read: Callable[..., Any], picture: Picture, options: PredictRequest) -> None:
    """Charge the client of the current request for reading a picture by `read`."""
    cost = _MEGAPIXEL * picture.image.width * picture.image.height / 1e6
    if read is explain:
        cost += _EXPLANATION - 1
    if options.model == ALL:
        cost += _ALL_MODELS - 1
    if options.mode == "number":
        cost += _NUMBER - 1
    services().limits.requests.owe(client_network(request), cost)
