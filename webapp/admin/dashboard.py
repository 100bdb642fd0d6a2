"""The admin dashboard: drawings by label and state, and the newest entries of the audit log."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trainer.recognition.image import png_data_url
from webapp import importing
from webapp.admin import drawings
from webapp.admin.review import NUMBER
from webapp.services import services
from webapp.storage import imports
from webapp.storage.tables import AuditEntry, Drawing

blueprint = Blueprint("dashboard", __name__)

_ENTRIES = 20
"""Entries of the audit log that are shown."""

_IMPORTS = 5
"""Imports that are shown."""


@blueprint.get("/")
def overview() -> str:
    """The dashboard."""
    importing.clear(services())
    newest_imports = imports.newest(services().database, _IMPORTS)
    with services().database.reading() as session:
        kinds = (Drawing.label, Drawing.is_number, Drawing.state)
        counts: dict[str, dict[str, int]] = {}
        for label, is_number, state, count in session.execute(
            select(*kinds, func.count()).group_by(*kinds)
        ):
            counts.setdefault(NUMBER if is_number else label, {})[state] = count
        held_back = session.scalar(
            select(func.count()).where(Drawing.held_back, Drawing.state == "accepted")
        )
        newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(_ENTRIES)
        entries = session.scalars(newest).all()
        thumbnails = _thumbnails(session, entries)
    return render_template(
        "admin/overview.html",
        counts=dict(sorted(counts.items())),
        held_back=held_back,
        entries=entries,
        thumbnails=thumbnails,
        imports=[drawings.view(each) for each in newest_imports],
        live_imports=imports.LIVE,
    )


def _thumbnails(session: Session, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """What the model saw of the drawings that the entries name, by their ids, as data URLs.

    Drawings that were deleted meanwhile are missing.
    """
    named = [entry.details["drawing"] for entry in entries if "drawing" in entry.details]
    found = session.execute(select(Drawing.id, Drawing.seen).where(Drawing.id.in_(named)))
    return {identity: png_data_url(seen) for identity, seen in found}
