"""The pages for people."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec
from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from trainer.recognition.image import Picture
from webapp.api.feedback import keep_feedback
from webapp.http import i18n
from webapp.http.errors import Problem
from webapp.http.images import picture_in_form
from webapp.inference.explain import explain
from webapp.inference.predict import ALL, answer
from webapp.inference.registry import Models
from webapp.pages import text
from webapp.pages.charts import curves
from webapp.schemas import Explanation, FeedbackRequest, Mode, Prediction, PredictRequest
from webapp.services import services

blueprint = Blueprint("pages", __name__)

P = TypeVar("P", bound=Prediction)

_COMPARABLE = ("mnist", "strokes")  # data sets whose test parts every model is measured on
_A_YEAR = 365 * 24 * 3600
_PATH = re.compile(r"/([a-z][a-z0-9/._-]*)?", re.ASCII | re.IGNORECASE)
"""A path of ours, and nothing that a browser takes for another host."""


@blueprint.app_context_processor
def every_page() -> dict[str, object]:
    return {
        "model_version": services().models.get().card.version,
        "keeps_corrections": services().settings.corrections,
    }


@blueprint.get("/")
def draw() -> str:
    """The drawing page."""
    return _drawing_page(None, text.invitation())


@blueprint.post("/")
def upload() -> tuple[str, int]:
    """The drawing page with the answer to an upload, for browsers that run no scripts."""
    prediction, trouble, status = _read_upload(answer)
    if not prediction:
        return _drawing_page(None, trouble), status
    mode: Mode = "number" if request.form.get("mode") == "number" else "digit"
    return _drawing_page(prediction, text.sentence(prediction), mode), status


@blueprint.post("/correct")
def correct() -> tuple[str, int]:
    """Keep what an answer should have been, for browsers that run no scripts."""
    try:
        kept, _is_new = keep_feedback(msgspec.convert(request.form.to_dict(), FeedbackRequest))
    except msgspec.ValidationError:
        abort(400)
    except Problem as problem:
        sentences = text.not_kept()
        return _drawing_page(
            None, sentences.get(problem.code, sentences["not_kept"])
        ), problem.status
    return _drawing_page(None, text.kept()[kept.label]), HTTPStatus.OK


@blueprint.get("/compare")
def compare() -> str:
    """One drawing, and what every model answers."""
    return _comparison(None, text.invitation())


@blueprint.post("/compare")
def compare_upload() -> tuple[str, int]:
    """The same for an upload, for browsers that run no scripts."""
    prediction, trouble, status = _read_upload(answer, model=ALL, mode="digit")
    sentence = text.agreement_sentence(prediction.models) if prediction else trouble
    return _comparison(prediction, sentence), status


@blueprint.get("/about")
def about() -> str:
    """What is kept, and whose data the models learned from."""
    cards = services().models.cards().values()
    attributions = dict.fromkeys(line for card in cards for line in card.attribution)
    keep_days = services().settings.keep_days
    return render_template("about.html", attributions=attributions, keep_days=keep_days)


@blueprint.get("/models")
def models() -> str:
    """Every model with its figures."""
    return render_template("models.html", cards=services().models.cards(), right=_right())


@blueprint.get("/models/<name>")
def model(name: str) -> str:
    """A model's card: what it is, how it was trained, and what it gets wrong."""
    card = services().models.cards().get(name) or abort(404)
    return render_template(
        "model.html",
        name=name,
        card=card,
        description=text.architectures().get(card.architecture),
        loss=curves(card.history, "loss"),
        accuracy=curves(card.history, "accuracy"),
    )


@blueprint.get("/models/<name>/inside")
def inside(name: str) -> str:
    """One drawing, and how a model comes to its answer."""
    return _inside(name, None, text.invitation())


@blueprint.post("/models/<name>/inside")
def inside_upload(name: str) -> tuple[str, int]:
    """The same for an upload, for browsers that run no scripts."""
    explanation, trouble, status = _read_upload(explain, model=name, mode="digit")
    sentence = text.sentence(explanation) if explanation else trouble
    return _inside(name, explanation, sentence), status


@blueprint.get("/language/<tag>")
def choose_language(tag: str) -> Response:
    """Remember the language, and go back to the page that it was asked from."""
    if tag not in i18n.LANGUAGES:
        abort(404)
    back = request.args.get("back", "/")
    response = redirect(back if _PATH.fullmatch(back) else "/")
    response.set_cookie(
        i18n.COOKIE, tag, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure, httponly=True
    )
    return response


def _read_upload(
    read: Callable[[Picture, Models, PredictRequest], P], **wishes: str
) -> tuple[P | None, str, int]:
    """What `read` makes of the form's picture; or nothing, with a sentence that says why.

    `wishes` come before those of the form.
    """
    try:
        picture, asked = picture_in_form(request)
        reading = read(picture, services().models, msgspec.structs.replace(asked, **wishes))
        services().signer.sign(reading)
    except Problem as problem:
        return None, text.problem_sentence(problem.code), problem.status
    except RequestEntityTooLarge as error:
        return None, text.problem_sentence("too_large"), error.code
    return reading, "", HTTPStatus.OK


def _right() -> dict[str, dict[str, float]]:
    """By model and data set, the share that was read right."""
    return {
        name: {each.data: each.accuracy for each in card.evaluations if each.data in _COMPARABLE}
        for name, card in services().models.cards().items()
    }


def _comparison(prediction: Prediction | None, sentence: str) -> str:
    answers = prediction.models if prediction else []
    return render_template(
        "compare.html",
        prediction=prediction,
        models=services().models,
        cards=services().models.cards(),
        right=_right(),
        answers={each.model.name: each for each in answers},
        sentence=sentence,
        words=text.comparison_words(),
    )


def _inside(name: str, explanation: Explanation | None, sentence: str) -> str:
    if name not in services().models.cards():
        abort(404)
    return render_template(
        "inside.html",
        name=name,
        explanation=explanation,
        sentence=sentence,
        words=text.inside_words(),
    )


def _drawing_page(prediction: Prediction | None, sentence: str, mode: Mode = "digit") -> str:
    return render_template(
        "draw.html",
        models=services().models,
        prediction=prediction,
        mode=mode,
        sentence=sentence,
        seen_line=_seen_line(prediction),
        words=text.script_words(),
    )


def _seen_line(prediction: Prediction | None) -> str:
    if not prediction:
        return ""
    line = text.seen_line(prediction.inverted)
    return f"{text.least_certain()} {line}" if len(prediction.digits) > 1 else line
