"""Warns of a SQLite database on a file system that hosts share: its locks do not hold there.

It imports nothing of the application, so that the gunicorn master may call it.
"""

from __future__ import annotations

import re
from pathlib import Path

_SHARED = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs"}
    | {"gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb2", "smb3", "smbfs"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def warning(url: str, mounts: Path = _MOUNTS) -> str:
    """One line if this SQLAlchemy URL is of a SQLite file on a network file system, else empty.

    `mounts` lists the mounted file systems, in the format of Linux; elsewhere nothing is known.
    """
    scheme, _, rest = url.partition(":///")
    file = rest.partition("?")[0]
    if not scheme.startswith("sqlite") or file in {"", ":memory:"}:
        return ""
    kind = _type_at(Path(file).resolve(), mounts)
    if kind not in _SHARED:
        return ""
    return (
        f"the database {file} is on {kind}, where SQLite may damage it: keep it on a local disk, "
        "or let hosts share PostgreSQL (INKLING_DATABASE_URL)"
    )


def _type_at(path: Path, mounts: Path) -> str:
    """The type of the file system that a path lies on; empty if that is not known."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    found, depth = "", 0
    for line in lines:
        before, _, after = line.partition(" - ")
        columns, kind = before.split(" "), after.partition(" ")[0]
        if len(columns) < 5:
            continue
        place = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), columns[4]))
        # Of those at the same place the last one hides the others.
        if path.is_relative_to(place) and len(place.parts) >= depth:
            found, depth = kind, len(place.parts)
    return found
