"""Which threads a view runs in."""

from tests.webapp.test_threads import run_patched

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
