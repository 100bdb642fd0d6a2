"""Feedback on numbers: a drawing of several digits is stored whole, with its text."""

import base64
import io
import re

import numpy as np
import pytest
from sqlalchemy import select

from tests.conftest import installed
from tests.handwriting import write
from tests.webapp.admin.test_admin import BEARER, JSON, TOKEN, imported
from trainer.data.rendering.numbers import compose_number
from trainer.recognition.image import as_png, decode
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.strokes import draw_labeled
from webapp.inference.corrections import predicted_correction
from webapp.inference.predict import answer
from webapp.schemas import PredictRequest
from webapp.settings import Settings
from webapp.storage.tables import Drawing

ADMIN = BEARER | JSON


@pytest.fixture
def app(tmp_path):
    with installed(Settings(home=str(tmp_path), admin_token=TOKEN, rate_limit=0)) as app:
        yield app


def data_url(pixels: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(as_png(pixels)).decode()


@pytest.fixture(scope="module")
def picture(drawings) -> np.ndarray:
    """A handwritten 407."""
    return write("407", drawings, np.random.default_rng(1))


def predicted(client, picture: np.ndarray, mode: str = "number") -> dict:
    asked = {"image": data_url(picture), "mode": mode}
    return client.post("/api/v1/predict", json=asked).get_json()


def give(client, **fields: object):
    return client.post("/api/v1/feedback", json=fields)


def kept(database) -> list[Drawing]:
    with database.reading() as session:
        return list(session.scalars(select(Drawing).order_by(Drawing.created, Drawing.id)))


def queue(client, **filters: str) -> list[dict]:
    asked = client.get("/admin/api/drawings", query_string=filters, headers=ADMIN)
    return asked.get_json()["drawings"]


def read_again(app, drawing: Drawing) -> str | None:
    models = app.extensions["inkling"].models
    return predicted_correction(models, "407", decode(drawing.picture), None).answered_number


@pytest.mark.parametrize("label", ["4071", "40\n7"])
def test_a_number_is_stored_whole_with_what_it_is(app, client, database, picture, label):
    answer = predicted(client, picture)
    assert answer["text"] == "407"
    strokes = [[[1, 2], [30, 40]]]
    fields = {"prediction_id": answer["prediction_id"], "label": label}
    response = give(client, **fields, image=data_url(picture), strokes=strokes)
    assert response.status_code == 201
    (drawing,) = kept(database)
    assert response.get_json() == {"id": drawing.id, "label": label}
    assert (drawing.truth, drawing.visitor_truth, drawing.answer) == (label, label, "407")
    assert drawing.strokes is None  # they do not draw it
    assert drawing.confidence == pytest.approx(answer["confidence"], abs=1e-4)
    assert read_again(app, drawing) == "407"
    again = give(client, **fields, image=data_url(picture))
    assert (again.status_code, again.get_json()["id"]) == (200, drawing.id)


def test_the_strokes_of_a_number_are_stored_with_it(client, database, drawings):
    lines = compose_number([drawings[digit] for digit in (4, 0, 7)], np.random.default_rng(1))
    strokes = [(100 * line).tolist() for line in lines]
    picture = data_url(draw_labeled(lines, "407"))
    assert give(client, label="407", image=picture, strokes=strokes).status_code == 201
    (drawing,) = kept(database)
    assert drawing.strokes == [
        [[round(value, 2) for value in point] for point in line] for line in strokes
    ]


@pytest.mark.parametrize(
    ("label", "is_whole"), [("407", True), ("not_a_digit", True), ("7", False)]
)
def test_a_prediction_id_is_enough_for_a_number(app, client, database, picture, label, is_whole):
    answer = predicted(client, picture)
    assert give(client, prediction_id=answer["prediction_id"], label=label).status_code == 201
    (drawing,) = kept(database)
    assert drawing.truth == label
    if is_whole:
        assert read_again(app, drawing) == "407"
    else:  # its least certain digit, as before there were labels of several digits
        assert answer["seen"].endswith(base64.b64encode(drawing.picture).decode())


def test_a_number_that_was_not_seen_as_one_needs_its_picture(client, database, seven):
    answer = predicted(client, seven, "digit")
    fields = {"prediction_id": answer["prediction_id"], "label": "77"}
    refused = give(client, **fields)
    assert (refused.status_code, refused.get_json()["code"]) == (400, "picture_needed")
    assert give(client, **fields, image=data_url(seven)).status_code == 201
    (drawing,) = kept(database)
    assert (drawing.truth, drawing.answer) == ("77", "7")


def test_an_answer_is_signed_even_where_the_drawing_is_not_found_again(app, picture):
    services = app.extensions["inkling"]
    asked = PredictRequest(image="", mode="number")
    prediction = answer(ModelInputs(picture), services.models, asked)
    blank = ModelInputs(np.full_like(picture, 255))
    signed = services.signer.sign(prediction, blank)
    assert services.signer.read(signed.prediction_id).whole == b""


def test_a_number_is_digits_in_rows(client, database, picture):
    for label in ("4 7", "47\n", "\n47", "4\n\n7", "-47", "4७", "1" * 65, ""):
        answer = give(client, label=label, image=data_url(picture))
        assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request"), label
    assert kept(database) == []


def test_what_visitors_disagree_on_and_reviewers_decide_may_be_numbers(settings, picture):
    with installed(settings(admin_token=TOKEN)) as app:  # on both kinds of database
        dispute_and_review(app.test_client(), app.test_client(), picture)


def dispute_and_review(client, other, picture: np.ndarray) -> None:
    for label, visitor in (("407", client), ("4071", other)):
        give(visitor, label=label, image=data_url(picture))
    (found,) = queue(client, label="number", disputed="true")
    assert (found["label"], found["answer"], found["is_disputed"]) == ("407", "407", True)
    assert found["votes"] == {"407": 1, "4071": 1}
    assert queue(client, label="not_a_digit") == queue(client, disagree="true") == []
    path = f"/admin/api/drawings/{found['id']}"
    for label, filters in (("40\n7", {"label": "number"}), ("4", {"label": "4"})):
        decided = {"state": "accepted", "label": label}
        client.post(path, json=decided, headers=ADMIN)
        assert [each["label"] for each in queue(client, **filters)] == [label]
    assert queue(client, label="number") == []


def test_numbers_are_exported_and_imported(app, database, picture, drawings, tmp_path):
    client = app.test_client()
    give(client, label="40\n7", image=data_url(picture))
    lines = compose_number([drawings[7], drawings[7]], np.random.default_rng(1))
    strokes = [(100 * line).tolist() for line in lines]
    give(client, label="77", image=data_url(draw_labeled(lines, "77")), strokes=strokes)
    for each in queue(client):
        decision = {"state": "accepted"}
        client.post(f"/admin/api/drawings/{each['id']}", json=decision, headers=ADMIN)
    held_back = {each.truth: each.held_back for each in kept(database)}
    with database.writing() as session:
        session.scalars(select(Drawing).where(Drawing.number == "77")).one().held_back = True
    files = {name: client.get(f"/admin/drawings/{name}", headers=ADMIN).data for name in FILES}
    with installed(Settings(home=str(tmp_path / "other"), admin_token=TOKEN)) as second:
        for name, labels in FILES.items():
            assert imported(second.test_client(), files[name], name)["kept"] == len(labels)
            found = kept(second.extensions["inkling"].database)
            assert {each.truth for each in found} == labels
            if name == "pictures.zip":
                assert {each.truth: each.held_back for each in found} == held_back | {"77": True}
                assert {each.truth: each.answer for each in found} == {"40\n7": "407", "77": "77"}
            second.test_client().delete("/admin/api/drawings", headers=ADMIN)


FILES = {"pictures.zip": {"40\n7", "77"}, "strokes.jsonl.gz": {"77"}}


# Without scripts


def uploaded(client, picture: np.ndarray, mode: str = "auto") -> str:
    form = {"image": (io.BytesIO(as_png(picture)), "x.png"), "mode": mode}
    return client.post("/", data=form).get_data(as_text=True)


def value_of(page: str, marker: str) -> str:
    found = re.search(rf'{marker}[^>]* value="([^"]*)"', page)
    assert found
    return found[1]


def correct(client, page: str, label: str):
    fields = {name: value_of(page, f'name="{name}"') for name in ("prediction_id", "csrf_token")}
    return client.post("/correct", data=fields | {"label": label})


@pytest.mark.parametrize(
    ("drawn", "mode", "right"),
    [("407", "auto", "407"), ("4\n7", "number", "4\n7")],
)
def test_without_scripts_right_is_what_the_sentence_says(
    client, database, drawings, drawn, mode, right
):
    page = uploaded(client, write(drawn, drawings, np.random.default_rng(1)), mode)
    assert value_of(page, 'id="right"') == right
    answer = correct(client, page, right.replace("\n", "\r\n"))
    assert f"Saved as {right.replace(chr(10), '; ')}" in answer.text
    assert [each.truth for each in kept(database)] == [right]


def test_without_scripts_digits_that_were_only_counted_cannot_be_confirmed(client, picture):
    assert re.search(r'id="right"[^>]* value="" hidden', uploaded(client, picture, "digit"))


def test_without_scripts_another_number_can_be_said(client, database, picture):
    correct(client, uploaded(client, picture, "digit"), "40 71")
    assert [each.truth for each in kept(database)] == ["40\n71"]
