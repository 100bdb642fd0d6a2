"""The pages for people."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from webapp import i18n, wording
from webapp.answers import answer
from webapp.errors import Problem
from webapp.models import Models
from webapp.schemas import Mode, Prediction
from webapp.uploads import picture_in_form

blueprint = Blueprint("pages", __name__)

_A_YEAR = 365 * 24 * 3600


@blueprint.app_context_processor
def version() -> dict[str, str]:
    models: Models = current_app.extensions["models"]
    return {"model_version": models.get().card.version}


@blueprint.get("/")
def draw() -> str:
    """The drawing page."""
    return _drawing_page(None, wording.invitation())


@blueprint.post("/")
def upload() -> str | tuple[str, int]:
    """The drawing page with the answer to an upload, for browsers that run no scripts."""
    try:
        picture, wishes = picture_in_form(request)
        prediction = answer(picture, current_app.extensions["models"], wishes)
    except Problem as problem:
        return _drawing_page(None, wording.problem_sentence(problem.code)), problem.status
    except RequestEntityTooLarge as error:
        return _drawing_page(None, wording.problem_sentence("too_large")), error.code
    return _drawing_page(prediction, wording.sentence(prediction), wishes.mode)


@blueprint.get("/about")
def about() -> str:
    """What the model is worth, what is kept, and whose data it learned from."""
    return render_template("about.html", cards=current_app.extensions["models"].cards())


@blueprint.get("/language/<tag>")
def choose_language(tag: str) -> Response:
    """Remember the language, and go back to the page that it was asked from."""
    if tag not in i18n.LANGUAGES:
        abort(404)
    back = request.args.get("back", "/")
    # A path of ours, and nothing that a browser takes for another host.
    response = redirect(back if back in ("/", "/about", "/api/docs") else "/")
    response.set_cookie(
        i18n.COOKIE, tag, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure, httponly=True
    )
    return response


def _drawing_page(prediction: Prediction | None, sentence: str, mode: Mode = "digit") -> str:
    models: Models = current_app.extensions["models"]
    return render_template(
        "draw.html",
        models=models,
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
