"""The table of activations: which version of the default model is active, and what it replaced."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import literal, select, text
from sqlalchemy.orm import Session, aliased

from webapp.storage import shadows
from webapp.storage.tables import Activation, now

SHIPPED = "shipped"
"""The version name of the model before any promotion: the bundle that `INKLING_MODEL` names."""


class Pointer(NamedTuple):
    """The newest activation: its id, the version that it made active, and what it replaced."""

    id: int | None
    version: str
    before: int | None


NOTHING = Pointer(None, SHIPPED, None)


def pointer(session: Session) -> Pointer:
    """The active version: one query of one row by primary key, however long the history is."""
    columns = select(Activation.id, Activation.version, Activation.before)
    row = session.execute(columns.order_by(Activation.id.desc()).limit(1)).first()
    return Pointer(*row) if row else NOTHING


def locked_pointer(session: Session) -> Pointer:
    """The active version, which nobody else can change before this transaction ends.

    Everybody may read meanwhile. SQLite has one writing transaction at a time anyway; PostgreSQL
    needs a lock of the table, as there may be no row yet that could be locked.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE activations IN EXCLUSIVE MODE"))
    return pointer(session)


def replaced(session: Session, newest: Pointer) -> Pointer | None:
    """What a rollback restores: the last activation before this one of another version.

    None if there is none. Former releases stored another activation where a version was promoted
    that was the active one.
    """
    at = newest
    while at.version == newest.version:
        if at.before is None and at.version == SHIPPED:
            return None
        earlier = session.get(Activation, at.before) if at.before else None
        at = Pointer(earlier.id, earlier.version, earlier.before) if earlier else NOTHING
    return at


def lineage(session: Session, newest: Pointer) -> list[str]:
    """The active version, the one that it replaced, and so on, down to `SHIPPED`: one query.

    Versions that were promoted several times stand at their newest place only.
    """
    step = literal(0).label("step")
    first = select(Activation.version, Activation.before, step).where(Activation.id == newest.id)
    chain = first.cte("chain", recursive=True)
    earlier = aliased(Activation)
    chain = chain.union_all(
        select(earlier.version, earlier.before, chain.c.step + 1)
        .join(chain, earlier.id == chain.c.before)
        .where(chain.c.version != SHIPPED)
    )
    versions = session.scalars(select(chain.c.version).order_by(chain.c.step))
    return list(dict.fromkeys([*versions, SHIPPED]))


def append(session: Session, version: str, before: int | None) -> None:
    """Make a version the active one; `before` is the id of the activation that it replaced.

    If it is in the shadow, that ends: its answers are shown now.
    """
    session.add(Activation(at=now(), version=version, before=before))
    shadows.stop(session, version)
