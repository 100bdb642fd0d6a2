"""The pages for people."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from flask import Blueprint, abort, current_app, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from webapp import i18n, wording
from webapp.answers import ALL, answer
from webapp.charts import curves
from webapp.errors import Problem
from webapp.models import Models
from webapp.schemas import Mode, ModelAnswer, Prediction
from webapp.uploads import picture_in_form

blueprint = Blueprint("pages", __name__)

_COMPARABLE = ("mnist", "strokes")  # data sets whose test parts every model is measured on
_A_YEAR = 365 * 24 * 3600
_PATH = re.compile(r"/([a-z][a-z0-9/._-]*)?", re.ASCII | re.IGNORECASE)
"""A path of ours, and nothing that a browser takes for another host."""


@blueprint.app_context_processor
def version() -> dict[str, str]:
    return {"model_version": _models().get().card.version}


def _models() -> Models:
    models: Models = current_app.extensions["models"]
    return models


@blueprint.get("/")
def draw() -> str:
    """The drawing page."""
    return _drawing_page(None, wording.invitation())


@blueprint.post("/")
def upload() -> str | tuple[str, int]:
    """The drawing page with the answer to an upload, for browsers that run no scripts."""
    try:
        picture, wishes = picture_in_form(request)
        prediction = answer(picture, _models(), wishes)
    except Problem as problem:
        return _drawing_page(None, wording.problem_sentence(problem.code)), problem.status
    except RequestEntityTooLarge as error:
        return _drawing_page(None, wording.problem_sentence("too_large")), error.code
    return _drawing_page(prediction, wording.sentence(prediction), wishes.mode)


@blueprint.get("/compare")
def compare() -> str:
    """One drawing, and what every model answers."""
    return _comparison({}, wording.invitation())


@blueprint.post("/compare")
def compare_upload() -> str | tuple[str, int]:
    """The same for an upload, for browsers that run no scripts."""
    try:
        picture, wishes = picture_in_form(request)
        asked = msgspec.structs.replace(wishes, model=ALL, mode="digit")
        prediction = answer(picture, _models(), asked)
    except Problem as problem:
        return _comparison({}, wording.problem_sentence(problem.code)), problem.status
    except RequestEntityTooLarge as error:
        return _comparison({}, wording.problem_sentence("too_large")), error.code
    answers = {each.model.name: each for each in prediction.models}
    return _comparison(answers, wording.agreement_sentence(prediction.models))


@blueprint.get("/about")
def about() -> str:
    """What is kept, and whose data the models learned from."""
    cards = _models().cards().values()
    attributions = dict.fromkeys(line for card in cards for line in card.attribution)
    return render_template("about.html", attributions=attributions)


@blueprint.get("/models")
def models() -> str:
    """Every model with its figures."""
    return render_template("models.html", cards=_models().cards(), right=_right())


@blueprint.get("/models/<name>")
def model(name: str) -> str:
    """A model's card: what it is, how it was trained, and what it gets wrong."""
    card = _models().cards().get(name) or abort(404)
    return render_template(
        "model.html",
        name=name,
        card=card,
        description=wording.architectures().get(card.architecture),
        loss=curves(card.history, "loss"),
        accuracy=curves(card.history, "accuracy"),
    )


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


def _right() -> dict[str, dict[str, float]]:
    """By model and data set, the share that was read right."""
    return {
        name: {each.data: each.accuracy for each in card.evaluations if each.data in _COMPARABLE}
        for name, card in _models().cards().items()
    }


def _comparison(answers: Mapping[str, ModelAnswer], sentence: str) -> str:
    return render_template(
        "compare.html",
        models=_models(),
        cards=_models().cards(),
        right=_right(),
        answers=answers,
        sentence=sentence,
        words=wording.comparison_words(),
    )


def _drawing_page(prediction: Prediction | None, sentence: str, mode: Mode = "digit") -> str:
    return render_template(
        "draw.html",
        models=_models(),
        prediction=prediction,
        mode=mode,
        sentence=sentence,
        seen_line=_seen_line(prediction),
        words=wording.script_words(),
    )


def _seen_line(prediction: Prediction | None) -> str:
    if not prediction:
        return ""
    line = wording.seen_line(prediction.inverted)
    return f"{wording.least_certain()} {line}" if len(prediction.digits) > 1 else line
