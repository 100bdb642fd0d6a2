"""The audit log on the admin page is translated."""

import re
from pathlib import Path

import pytest

from tests.conftest import installed
from webapp.storage import audit

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept-Language": "zh-CN"}
REVIEW_STATES = {"new", "accepted", "rejected"}


@pytest.fixture
def app(settings):
    with installed(settings(admin_token=TOKEN)) as app:
        yield app


def recorded_actions() -> set[str]:
    """The actions that the code writes into the audit log."""
    sources = (path.read_text() for path in Path("webapp").rglob("*.py"))
    calls = re.findall(r'audit\.record\(\s*[\w.]+,\s*[\w".]+,\s*"([^"]+)"', "\n".join(sources))
    return REVIEW_STATES | set(calls)


def rows(page: str) -> list[str]:
    table = page[page.index('<table class="figures log">') :]
    return re.findall(r"<tr>.*?</tr>", table[: table.index("</table>")], re.DOTALL)


def test_every_action_is_translated(app, client, database):
    actions = recorded_actions()
    assert {"login", "promoted", "imported", "run lost"} <= actions
    for action in actions:
        with database.writing() as session:
            audit.record(session, "session", action, label="not_a_digit", version="0123")
        (row, *_) = rows(client.get("/admin/", headers=HEADERS).get_data(as_text=True))
        assert "管理员" in row
        assert '标签: 不是数字, 版本: <a href="/admin/versions">0123</a>' in row
        assert f"<td>{action}</td>" not in row


def test_an_unknown_action_is_shown_as_it_was_stored(client, database):
    with database.writing() as session:
        audit.record(session, "203.0.113.9", "something else", detail="x")
    (row, *_) = rows(client.get("/admin/", headers=HEADERS).get_data(as_text=True))
    for word in ("203.0.113.9", "something else", "detail: x"):
        assert word in row
