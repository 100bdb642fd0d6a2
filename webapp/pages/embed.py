"""The sheet for pages of other sites: pad and bars alone, without cookies or feedback."""

from __future__ import annotations

from flask import abort, render_template, request, url_for

from webapp.inference.predict import answer
from webapp.pages import text
from webapp.pages.shared import blueprint, read_upload
from webapp.schemas import Mode, Prediction
from webapp.services import services


@blueprint.get("/embed")
def embed() -> str:
    """The embedded sheet; with `?mode=number` it reads numbers from the start."""
    return _page(None, text.invitation(), request.args.get("mode", ""))


@blueprint.post("/embed")
def embed_upload() -> tuple[str, int]:
    """The embedded sheet for an uploaded image, for browsers without JavaScript."""
    prediction, error, status = read_upload(answer)
    sentence = text.sentence(prediction) if prediction else error
    return _page(prediction, sentence, request.form.get("mode", "")), status


def _page(prediction: Prediction | None, sentence: str, asked_mode: str) -> str:
    origins = services().settings.embedding_origins
    if not origins:
        abort(404)
    mode: Mode = "number" if asked_mode == "number" else "digit"
    return render_template(
        "embed.html",
        origins=origins,
        # Feedback takes a cookie, and browsers keep none for a site within another one's page.
        keeps_corrections=False,
        upload_to=url_for("pages.embed_upload"),
        models=services().models,
        prediction=prediction,
        mode=mode,
        sentence=sentence,
        seen_line="",
        words=text.script_words(),
    )
