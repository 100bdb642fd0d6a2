"""The drawing page."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import abort, render_template, request

from webapp.http.errors import Problem
from webapp.http.json import wants_json
from webapp.http.lanes import runs_in
from webapp.inference.predict import answer
from webapp.pages import drawing_text, text
from webapp.pages.examples import examples
from webapp.pages.shared import blueprint, read_upload
from webapp.schemas import FeedbackRequest, Prediction
from webapp.services import services
from webapp.threads import Lane
from webapp.visitor import keep_feedback


@blueprint.get("/")
def draw() -> str:
    """The drawing page."""
    return _drawing_page(None, text.invitation())


@blueprint.get("/parts/pictures")
def picture_parts() -> str:
    """What scripts add to the drawing page for many pictures, the camera and cropping."""
    return render_template("_pictures.html")


@blueprint.post("/")
def upload() -> tuple[str, int]:
    """The drawing page for an uploaded image, for browsers without JavaScript."""
    prediction, error, status = read_upload(answer)
    if not prediction:
        return _drawing_page(None, error), status
    mode = request.form.get("mode", "digit")  # it is valid, as it was read
    return _drawing_page(prediction, text.sentence(prediction), mode), status


@blueprint.post("/correct")
@runs_in(Lane.GREENLET)
def correct() -> tuple[str, int, dict[str, str]]:
    """Store feedback on an answer, for browsers without JavaScript."""
    try:
        fields = {name: value for name, value in request.form.items() if name != "csrf_token"}
        if label := fields.get("label"):  # of a number that was typed, or sent with its rows
            fields["label"] = "\n".join(label.split())
        kept, _is_new = keep_feedback(msgspec.convert(fields, FeedbackRequest))
    except msgspec.ValidationError:
        abort(400)
    except Problem as problem:
        if wants_json():
            raise
        sentences = text.not_kept()
        sentence = sentences.get(problem.code, sentences["not_kept"])
        return _drawing_page(None, sentence), problem.status, problem.headers
    sentence = text.disputed() if kept.disputed else text.kept_sentence(kept.label)
    return _drawing_page(None, sentence), HTTPStatus.OK, {}


def _drawing_page(prediction: Prediction | None, sentence: str, mode: str = "auto") -> str:
    return render_template(
        "draw.html",
        models=services().models,
        prediction=prediction,
        mode=mode,
        sentence=sentence,
        seen_line=_seen_line(prediction),
        words=text.script_words() | drawing_text.words(),
        examples=examples(),
    )


def _seen_line(prediction: Prediction | None) -> str:
    if not prediction:
        return ""
    line = text.seen_line(prediction.inverted)
    return text.joined(text.least_certain(), line) if len(prediction.digits) > 1 else line
