"""The columns of labels, also as a former release uses them beside this one."""

import pytest
from sqlalchemy import insert, select, update

from tests.webapp.storage.test_migrations import ROW
from webapp.storage.database import Database
from webapp.storage.tables import Drawing


@pytest.fixture
def database(settings) -> Database:
    database = Database(settings().database)
    database.upgrade()
    return database


def test_former_releases_and_this_one_label_the_same_drawings(database):
    with database.writing() as session:
        session.execute(insert(Drawing), [ROW])  # without the columns of numbers
        drawing = session.scalars(select(Drawing)).one()
        assert (drawing.truth, drawing.visitor_truth, drawing.answer) == ("7", "1", "7")
        drawing.truth, drawing.answered_number = "40\n71", "4071"
    with database.writing() as session:
        drawing = session.scalars(select(Drawing).where(Drawing.is_number)).one()
        assert (drawing.truth, drawing.answer) == ("40\n71", "4071")
        assert drawing.label == "not_a_digit"  # what it is to a former release,
        session.execute(update(Drawing).values(label="4"))  # which may label it again
    with database.reading() as session:
        found = session.execute(select(Drawing.truth, Drawing.answer, Drawing.is_number)).one()
    assert tuple(found) == ("4", "4071", False)
