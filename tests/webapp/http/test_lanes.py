"""Which threads a view runs in."""

import base64

import numpy as np

from tests.handwriting import write
from tests.webapp.test_threads import run_patched
from webapp.threads import Lane

APP = """
from webapp.http.lanes import LanedFlask

app = LanedFlask("lanes", lanes={})
held = Event()

@app.post("/picture")
def picture():
    held.wait()
    return "read"

@app.get("/page")
def page():
    return "page"

client = app.test_client()
"""


def test_a_page_does_not_wait_for_pictures():
    run_patched(f"""{APP}
waiting = begin(20, client.post, "/picture")
with gevent.Timeout(30):
    assert client.get("/page").text == "page"
    assert client.head("/page").status_code == 200
    assert client.get("/missing").status_code == 404
    assert client.post("/page").status_code == 405
held.set()
gevent.joinall(waiting, timeout=30, raise_error=True)
assert {{each.value.text for each in waiting}} == {{"read"}}
""")


def test_what_may_be_a_number_leaves_the_greenlet_in_every_mode(
    client, drawings, encode, monkeypatch
):
    lanes = []
    monkeypatch.setattr(
        "webapp.inference.predict.in_thread",
        lambda lane, function, *given: lanes.append(lane) or function(*given),
    )
    picture = encode(write("407", drawings, np.random.default_rng(1)))
    image = "data:image/png;base64," + base64.b64encode(picture).decode()
    for mode in ("auto", "digit"):
        client.post("/api/v1/predict", json={"image": image, "mode": mode})
    assert lanes == [Lane.COMPUTE] * 2
