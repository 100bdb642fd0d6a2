"""Visitors who try to teach the model what they like: they choose sides, lie, flood and dispute.

What they achieve is read from the tables and from what an administrator sees.
"""

import base64
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import installed
from trainer.recognition.image import as_png
from trainer.recognition.strokes import draw_plain
from webapp.storage.drawings import accepted, parts, teaching_origins
from webapp.storage.exports import write_corrections
from webapp.storage.sides import BLOCK, FEW_ORIGINS, Sides
from webapp.storage.tables import Drawing

TOKEN = "a-token-for-scripts"
ADMIN = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
SEVEN = [[[35.0, 30.0], [100.0, 30.0], [65.0, 115.0]]]
ANGLES = np.linspace(0, 2 * np.pi, 40)
ZERO = [np.column_stack([60 + 30 * np.cos(ANGLES), 70 + 45 * np.sin(ANGLES)]).tolist()]
_numbers = itertools.count()


@pytest.fixture
def app(settings):
    with installed(settings(admin_token=TOKEN, corrections_per_day=50)) as app:
        yield app


def picture(strokes: list) -> str:
    png = as_png(draw_plain([np.array(line) for line in strokes]))
    return "data:image/png;base64," + base64.b64encode(png).decode()


def another_seven() -> list:
    """Another drawing each time."""
    height = 45.0 + 1.5 * next(_numbers)
    return [*SEVEN, [[20.0, height], [120.0, height]]]


def give(app: Flask, address: str = "192.0.2.1", client=None, **fields: object):
    fields = {"label": "7", "image": picture(SEVEN)} | fields
    client = client or app.test_client()
    return client.post("/api/v1/feedback", json=fields, environ_base={"REMOTE_ADDR": address})


def drawings(database) -> list[Drawing]:
    with database.reading() as session:
        return list(session.scalars(select(Drawing).order_by(Drawing.created, Drawing.id)))


def review(client, identity: str, **decision: str):
    return client.post(f"/admin/api/drawings/{identity}", json=decision, headers=ADMIN)


def queue(client, **filters: str) -> list[dict]:
    answer = client.get("/admin/api/drawings", query_string=filters, headers=ADMIN)
    return answer.get_json()["drawings"]


# To choose a side


def test_a_client_without_cookies_gets_one_side_however_often_it_asks(app, database):
    for number in range(FEW_ORIGINS):  # so many that time no longer decides
        give(app, f"198.51.100.{number}", image=picture(another_seven()))
    for _ in range(12):  # each as a new visitor
        assert give(app, image=picture(another_seven())).status_code == 201
    own = drawings(database)[FEW_ORIGINS:]
    assert len({each.visitor for each in own}) == 12
    assert len({(each.origin, each.held_back) for each in own}) == 1


def test_a_visitor_stays_on_one_side_on_any_network_and_on_any_day(database):
    time = [datetime(2026, 1, 1, tzinfo=UTC)]
    sides = Sides("secret", clock=lambda: time[0])
    with database.reading() as session:
        origins = {sides.of_drawing(session, "", f"192.0.2.{number}").origin for number in range(9)}
        first = sides.of_drawing(session, "", "192.0.2.1")
        assert sides.of_drawing(session, "somebody else", "192.0.2.1") == first
        time[0] += timedelta(days=1)
        assert sides.of_drawing(session, "", "192.0.2.1").origin not in origins
    assert len(origins) == 9


def test_a_visitors_later_drawings_keep_the_origin_of_the_first(app, client, database):
    for address in ("192.0.2.1", "203.0.113.5", "2001:db8::1"):
        give(app, address, client, image=picture(another_seven()))
    assert len({each.origin for each in drawings(database)}) == 1


def test_the_side_of_an_origin_depends_on_the_secret_and_a_fifth_is_held_back():
    origins = [f"{number:032x}" for number in range(4000)]
    ours, others = (
        [Sides(secret).of_origin(each).held_back for each in origins] for secret in ("a", "b")
    )
    assert 0.18 < np.mean(ours) < 0.22
    agreement = np.mean(np.array(ours) == np.array(others))
    assert 0.64 < agreement < 0.72  # by chance: 0.2² + 0.8²


def test_a_lone_visitors_drawings_teach_first_and_judge_later(app, client, database):
    count = 5 * BLOCK
    for _ in range(count):
        give(app, client=client, image=picture(another_seven()))
    sides = [each.held_back for each in drawings(database)]
    assert sides == [False] * (count - BLOCK) + [True] * BLOCK
    for drawing in drawings(database):
        review(client, drawing.id, state="accepted")
    with database.reading() as session:
        teach, judge = parts(session)
    assert (teach.drawings, teach.visitors, judge.drawings, judge.visitors) == (16, 1, 4, 1)
    page = client.get("/admin/retrain", headers=ADMIN).text
    assert "drawings that teach: 16 (visitors: 1)" in page
    assert "never trained on: 4 (visitors: 1)" in page
    assert "fewer than 5 visitors" in page


def test_judges_who_also_teach_count_as_one_writer(app, client, database, tmp_path):
    """So that they never are as many as a promotion takes."""
    import gzip
    import json

    for number in range(FEW_ORIGINS - 1):
        for _ in range(5 * BLOCK if number < 2 else 1):
            address = f"192.0.2.{number}"
            give(app, address, client=None, image=picture(another_seven()))
    for drawing in drawings(database):
        review(client, drawing.id, state="accepted")
    assert write_corrections(tmp_path, accepted(database), teaching_origins(database))
    lines = gzip.decompress((tmp_path / "drawings.jsonl.gz").read_bytes()).splitlines()
    judges = [record["writer"] for record in map(json.loads, lines) if record["held_back"]]
    assert judges == [""] * 2 * BLOCK


# To lie about what was answered


def test_the_answer_to_one_picture_is_not_kept_with_another(app, client, database):
    """Else a 0 that is labeled 7 would look as if the model agreed, and as if it were sure."""
    answer = client.post("/api/v1/predict", json={"image": picture(SEVEN)}).get_json()
    lie = {"prediction_id": answer["prediction_id"], "image": picture(ZERO), "label": "7"}
    assert give(app, **lie).status_code == 201
    (drawing,) = drawings(database)
    assert (drawing.digit, drawing.visitor_label) == (0, "7")
    assert [each["id"] for each in queue(client, disagree="true")] == [drawing.id]


def test_the_same_picture_in_another_encoding_is_the_same(app, client, database, encode):
    from PIL import Image

    plain = draw_plain([np.array(line) for line in SEVEN])
    answer = client.post("/api/v1/predict", json={"image": picture(SEVEN)}).get_json()
    jpeg = base64.b64encode(encode(Image.fromarray(plain), "JPEG", quality=60)).decode()
    image = f"data:image/jpeg;base64,{jpeg}"
    give(app, prediction_id=answer["prediction_id"], image=image)
    (drawing,) = drawings(database)
    assert drawing.confidence == pytest.approx(answer["confidence"], abs=1e-4)


def test_strokes_that_draw_something_else_are_not_kept(app, database):
    """A reviewer sees the picture, and the trainer renders the strokes."""
    give(app, strokes=ZERO)
    give(app, image=picture(ZERO), label="0", strokes=ZERO)
    kept = {each.label: each.strokes for each in drawings(database)}
    assert kept["7"] is None
    assert np.allclose(kept["0"], ZERO, atol=0.01)


@pytest.mark.parametrize("strokes", [[[[1e300, 1e300], [0, 0]]], [[[5, 5]]], [[]]])
def test_strokes_that_draw_nothing_are_not_kept(app, database, strokes):
    assert give(app, strokes=strokes).status_code == 201
    assert drawings(database)[0].strokes is None


# To flood


def test_the_strokes_of_a_drawing_are_bounded_in_bytes(app, database):
    point = [12.345678901234567, 98.76543210987654, 0.12345678901234567, 1234.5678901234567]
    lines = [[point] * 9_000] * 2
    answer = give(app, strokes=lines)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
    assert "256 kB" in answer.get_json()["detail"]
    many = [[(np.array(p) + 1e-9).tolist() for p in SEVEN[0]] for _ in range(500)]
    assert give(app, strokes=many).status_code == 201
    stored = drawings(database)[0].strokes
    assert stored[0] == SEVEN[0]  # without the digits that nobody can see


# To dispute


def test_votes_of_a_crowd_from_one_network_count_once(app, client, database):
    first = give(app, "198.51.100.1", label="7").get_json()
    assert "disputed" not in first
    for _ in range(5):
        answer = give(app, "192.0.2.1", label="1")
        assert answer.status_code == 200
        assert answer.get_json() == {"id": "", "label": "1", "disputed": True}
    give(app, "203.0.113.1", label="7")
    (shown,) = queue(client, disputed="true")
    assert shown["votes"] == {"7": 2, "1": 1}
    assert shown["label"] == "7"


def test_a_disputed_drawing_teaches_only_after_a_review(app, client, database):
    identity = give(app, "198.51.100.1", label="7").get_json()["id"]
    with database.writing() as session:  # as an import is
        session.get(Drawing, identity).state = "accepted"
    assert [each.id for each in accepted(database)] == [identity]
    give(app, label="1")
    assert list(accepted(database)) == []
    assert review(client, identity, state="accepted", label="7").get_json()["is_disputed"] is False
    assert [each.id for each in accepted(database)] == [identity]
    give(app, "203.0.113.1", label="0")  # what a person has decided stays so
    assert [each.label for each in accepted(database)] == ["7"]
    assert review(client, identity, state="new").get_json()["is_disputed"] is True


def test_disputed_drawings_are_reviewed_first(app, client, database):
    give(app, image=picture(ZERO), label="7")  # the model disagrees
    give(app, "198.51.100.1", label="7")
    give(app, label="2")
    assert [each["is_disputed"] for each in queue(client)] == [True, False]


def test_a_visitor_who_changes_the_label_disputes_nothing(app, client, database):
    for label in ("1", "7", "1"):
        answer = give(app, client=client, label=label)
        assert "disputed" not in answer.get_json()
    (drawing,) = drawings(database)
    assert Counter(drawing.votes) == Counter({"1": [drawing.origin]})
