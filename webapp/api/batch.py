"""POST /api/v1/batch: read many pictures in one request; each answer is sent once it is there."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus

import msgspec
from flask import Blueprint, Response, g, request

from trainer.recognition.model_inputs import ModelInputs
from webapp.api.operation import operation
from webapp.api.problems import PICTURE_PROBLEMS
from webapp.cost import charged_to
from webapp.http.batch_files import MAX_BYTES, Source, sources_in
from webapp.http.client import client_network
from webapp.http.errors import Problem, details_of
from webapp.http.images import read_picture
from webapp.http.lanes import runs_in
from webapp.inference.predict import answer
from webapp.inference.registry import ALL
from webapp.problems import as_problems
from webapp.schemas import BatchItem, Prediction, PredictRequest
from webapp.services import Services, services
from webapp.threads import Lane, Overloaded, in_thread
from webapp.translatable import N_

blueprint = Blueprint("batch", __name__, url_prefix="/api/v1")

log = logging.getLogger(__name__)

_RESERVE = 0.5
"""The share of a client's bucket of requests that its batches leave to its other requests, as when
a class shares an address."""
_LONGEST = 600.0  # seconds; a batch of the dearest pictures would wait longer for its rate
_LONGEST_PAUSE = 1.0  # seconds between looks at whether the process is stopping


@blueprint.before_app_request
def admit() -> None:
    """Let a batch be larger than other requests, and take its place: before its body is received.

    Otherwise the bodies of many would be on the disk at once. Raises `Problem`.
    """
    if request.endpoint != "batch.read":
        return
    request.max_content_length = MAX_BYTES
    client, slots = client_network(request), services().limits.batches
    if not slots.take(client):
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many batches are being read; wait until one has ended",
        )
    g.place_of_batch = ExitStack()
    g.place_of_batch.callback(slots.release, client)


@blueprint.after_request
def stay(response: Response) -> Response:
    """Keep the batch's place until all answers are sent."""
    if response.is_streamed:
        response.call_on_close(g.pop("place_of_batch").close)
    return response


@blueprint.teardown_request
def leave(_error: BaseException | None) -> None:
    """Give the batch's place back where there are no answers."""
    if place := g.pop("place_of_batch", None):
        place.close()


@blueprint.post("/batch")
@operation(
    "batch",
    N_("Read many pictures; the answers are streamed as a list, in the order of the pictures"),
    body=PredictRequest,
    files=True,
    responses={
        HTTPStatus.OK: (
            N_(
                "The answer or the problem of each picture, one a line; the header `Picture-Count` "
                "says how many there will be."
            ),
            list[BatchItem],
        )
    },
    problems={
        HTTPStatus.BAD_REQUEST: PICTURE_PROBLEMS[HTTPStatus.BAD_REQUEST],
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_(
            "More than 64 MB, or 256 MB unpacked (`too_large`), or 1,000 pictures "
            "(`too_many_pictures`)."
        ),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: N_("Not a form: `unsupported_media_type`."),
        HTTPStatus.TOO_MANY_REQUESTS: N_(
            "Too many requests or batches of this client at once: `too_many_requests`; wait as "
            "`Retry-After` says."
        ),
    },
)
@runs_in(Lane.COMPUTE)
def read() -> Response:
    """Read the pictures of a form, each of which counts as one request of the client."""
    sources, options = sources_in(request)
    if options.model and options.model != ALL:
        with as_problems():
            services().models.get(options.model)
    batch = _Batch(services(), client_network(request), options, g.get("request_id", ""))
    response = Response(batch.lines(sources), mimetype="application/json")
    response.headers["Picture-Count"] = str(len(sources))
    response.headers["X-Accel-Buffering"] = "no"  # or nginx would keep the first answers back
    return response


class _Batch:
    """One request's pictures, read one after another while others' requests take their turns."""

    def __init__(
        self, services: Services, client: str, options: PredictRequest, request_id: str
    ) -> None:
        self._services = services
        self._client = client
        self._options = options
        self._request_id = request_id

    def lines(self, sources: list[Source]) -> Iterator[bytes]:
        """The response: a JSON list with each item on a line of its own.

        It ends as soon as the client has gone, since then the next line cannot be sent.
        """
        until = time.monotonic() + _LONGEST
        yield b"[\n"
        for left, source in zip(range(len(sources) - 1, -1, -1), sources, strict=True):
            item = self._in_turn(source, until)
            yield msgspec.json.encode(item) + (b",\n" if left else b"\n")
        yield b"]\n"

    def _in_turn(self, source: Source, until: float) -> BatchItem:
        """Read a picture once the client's rate allows it and a thread is free."""
        throttle = self._services.limits.requests
        while time.monotonic() < until and not self._services.is_stopping():
            if wait := throttle.take(self._client, _RESERVE):
                time.sleep(min(wait, _LONGEST_PAUSE))
                continue
            try:
                return in_thread(Lane.COMPUTE, self._item, source)
            except Overloaded:
                time.sleep(_LONGEST_PAUSE)
        return self._failed(
            source,
            Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "overloaded",
                "There was no time to read this picture; send it again",
            ),
        )

    def _item(self, source: Source) -> BatchItem:
        try:
            return BatchItem(file=source.name, answer=self._answered(source.read()))
        except Problem as problem:
            return self._failed(source, problem)
        except Exception:  # the other pictures are read all the same
            log.exception("a picture of request %s failed", self._request_id)
            return self._failed(
                source,
                Problem(
                    HTTPStatus.INTERNAL_SERVER_ERROR,
                    "internal_error",
                    "Internal error; it was logged",
                ),
            )

    def _answered(self, content: bytes) -> Prediction:
        throttle = self._services.limits.requests
        picture = charged_to(throttle, self._client, partial(read_picture, content), self._options)
        inputs = ModelInputs(picture.image, picture.scale)
        with as_problems():
            prediction = answer(inputs, self._services.models, self._options)
        return self._services.signer.sign(prediction, inputs)

    def _failed(self, source: Source, problem: Problem) -> BatchItem:
        return BatchItem(file=source.name, problem=details_of(problem, self._request_id))
