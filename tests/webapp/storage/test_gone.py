"""SQLite's file goes away or is replaced under a running site."""

import pytest
from sqlalchemy import select, text

from tests.conftest import installed
from webapp.settings import Settings
from webapp.storage.database import DatabaseUnavailable
from webapp.storage.tables import Drawing


@pytest.fixture
def app(tmp_path):
    with installed(Settings(home=str(tmp_path))) as app:
        yield app


def test_a_file_that_is_gone_is_a_fault_and_nothing_is_written_into_the_void(
    app, client, database, tmp_path, seven, encode
):
    active = client.get("/readyz").get_json()
    assert active["faults"] == {}
    for file in tmp_path.glob("inkling.db*"):
        file.unlink()
    for work in (database.reading, database.writing):
        with pytest.raises(DatabaseUnavailable, match="is gone"), work() as session:
            session.execute(select(Drawing.id))
    app.extensions["inkling"].readiness._until = 0
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "is gone" in answer.get_json()["faults"]["database"]
    assert answer.get_json()["version"] == active["version"]
    assert not (tmp_path / "inkling.db").exists()


def test_a_file_that_was_replaced_is_used_from_then_on(app, database, tmp_path):
    with database.writing() as session:
        session.execute(text("CREATE TABLE old (x)"))
    copy = tmp_path / "copy"
    with installed(Settings(home=str(copy))):
        pass
    for file in tmp_path.glob("inkling.db*"):
        file.unlink()
    (copy / "inkling.db").rename(tmp_path / "inkling.db")
    with database.reading() as session:
        names = session.scalars(text("SELECT name FROM sqlite_master")).all()
    assert "old" not in names
    assert "drawings" in names
