"""Files of the static folder under names that change with their content, so that they are kept.

`url_for('static', filename='draw.js')` is `/static/0123456789ab/draw.js`: the digest of what is
served there, which a browser keeps for a year without asking again. A module is served together
with all that it imports, as one file: a chain of imports would cost a round trip for each link.
What it imports dynamically, by `import("./share.js")`, is a file of its own, fetched when needed.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any, NamedTuple

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

_VENDOR = "vendor/"
_KEPT = "public, max-age=31536000, immutable"
_VERSIONED = re.compile(r"(?:([0-9a-f]{12})/)?(.+)", re.DOTALL)

# The forms of import and export that our modules use, each at the start of a line.
_IMPORT = re.compile(r'^import\s*\{([^{}]*)\}\s*from\s*"(\.{1,2}/[^"]+)";?[ \t]*\n?', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|function|const) +(\w+))", re.MULTILINE)
_EXPORTS = re.compile(r"(?:^|(?<=;))export\s*\{([^{}]*)\};?", re.MULTILINE)
_DYNAMIC = re.compile(r'\bimport\("(\.{1,2}/[^"]+)"\)')
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)
_CSS_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*\*/")
_INDENT = re.compile(r"^\s+", re.MULTILINE)  # and lines without text
_LONG_TEXT = re.compile(r"^[^`\n]*(?:`[^`\n]*`[^`\n]*)*`[^`\n]*$", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


_PACKED = (".js", ".css", ".svg")


class Asset(NamedTuple):
    """What is served under a name: its bytes, the digest (12 hex digits) of them, and the bytes
    compressed by gzip, if that is worth it."""

    content: bytes
    version: str
    packed: bytes | None


def init_app(app: Flask) -> None:
    """Serve the static folder under versioned names, and name them in `url_for`.

    Files are read when first asked for, and not again: a name never gets another content.
    """
    folder = app.static_folder or ""

    @cache  # as many as there are files: nothing is kept for a name that has none
    def asset(name: str) -> Asset:
        path = safe_join(folder, name)
        # One name only for each file (and not `./draw.js` as well), or the cache would grow.
        if path is None or normpath(name) != name or not _is_file(path):
            raise NotFound
        content = _content(Path(folder), name, lambda other: asset(other).version)
        packed = gzip.compress(content, mtime=0) if name.endswith(_PACKED) else None
        return Asset(content, hashlib.sha256(content).hexdigest()[:12], packed)

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["filename"] = f"{asset(values['filename']).version}/{values['filename']}"

    def serve(filename: str) -> Response:
        match = _VERSIONED.fullmatch(filename)
        if not match:
            raise NotFound
        version, name = match.groups()
        found = asset(name)
        kind, _encoding = mimetypes.guess_type(name)
        packed = found.packed if request.accept_encodings["gzip"] > 0 else None
        response = Response(packed or found.content, mimetype=kind or "application/octet-stream")
        if found.packed:
            response.vary.add("Accept-Encoding")
        if packed:
            response.content_encoding = "gzip"
        # While a new release replaces the old one, either may be asked for a file of the other: it
        # answers with its own, which must not be kept under that name.
        response.headers["Cache-Control"] = _KEPT if version == found.version else "no-cache"
        response.set_etag(f"{found.version}-gzip" if packed else found.version)
        response.make_conditional(request)
        return response

    app.view_functions["static"] = serve


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # a name that is too long
        return False


def _content(folder: Path, name: str, version_of: Callable[[str], str]) -> bytes:
    """What is served of a file: our own scripts and styles without comments and indentation."""
    content = (folder / name).read_bytes()
    if name.startswith(_VENDOR) or not name.endswith((".js", ".css")):
        return content
    text = content.decode()
    if name.endswith(".css"):
        return _INDENT.sub("", _CSS_COMMENT.sub("", text)).encode()
    if _IMPORT.search(text) or _DYNAMIC.search(text):
        return joined(folder, name, version_of).encode()
    return _squeezed(name, text).encode()


def _squeezed(name: str, script: str) -> str:
    if long := _LONG_TEXT.search(script):
        raise ValueError(f"{name} has a template literal of several lines: {long[0]}")
    return _INDENT.sub("", _COMMENT.sub("", script))


def joined(folder: Path, entry: str, version_of: Callable[[str], str]) -> str:
    """The module `entry` of `folder` and all that it imports, as one module without imports.

    Each module is a function that returns its exports, in an order in which all that a module
    imports comes before it. What `entry` exports, the whole exports. Modules that are imported
    dynamically are named by `version_of`, the digest of what is served for a file; they have copies
    of their own of what they import, so instances are passed to them, not shared by an import.
    Lines of comments and indentation are left out, a fifth of it all. Raises `ValueError` for other
    forms of import and export than ours and for template literals of several lines, and
    `graphlib.CycleError` if modules import each other.
    """
    texts: dict[str, str] = {}
    imports: dict[str, list[str]] = {}
    to_read = [entry]
    while to_read:
        name = to_read.pop()
        if name in texts:
            continue
        text = (folder / name).read_text("utf-8")
        imports[name] = [_resolved(name, path) for _, path in _IMPORT.findall(text)]
        texts[name] = _with_versions(name, text, entry, version_of)
        to_read += imports[name]
    order = list(TopologicalSorter(imports).static_order())
    variables = {name: f"module{number}" for number, name in enumerate(order)}
    parts = [_as_function(name, texts[name], variables) for name in order]
    if exports := sorted(_exported(texts[entry])):
        parts.append(f"export const {{ {', '.join(exports)} }} = {variables[entry]};\n")
    return "".join(parts)


def _with_versions(name: str, text: str, entry: str, version_of: Callable[[str], str]) -> str:
    """`text` with dynamic imports by versioned names, relative to that of `entry`."""
    up = "../" * (entry.count("/") + 1)

    def rename(match: re.Match[str]) -> str:
        other = _resolved(name, match[1])
        return f'import("{up}{version_of(other)}/{other}")'

    return _DYNAMIC.sub(rename, text)


def _exported(text: str) -> set[str]:
    listed = (_renamed(names) for names in _EXPORTS.findall(text))
    return set(_EXPORT.findall(text)) | {new for pairs in listed for _, new in pairs}


def _resolved(importer: str, path: str) -> str:
    return normpath(join(dirname(importer), path))


def _as_function(name: str, text: str, variables: dict[str, str]) -> str:
    exports: list[str] = []

    def bind(match: re.Match[str]) -> str:
        names = ", ".join(f"{old}: {new}" for old, new in _renamed(match[1]))
        return f"const {{ {names} }} = {variables[_resolved(name, match[2])]};\n"

    def note_one(match: re.Match[str]) -> str:
        exports.append(match[1])
        return ""

    def note_all(match: re.Match[str]) -> str:
        exports.extend(f"{new}: {old}" for old, new in _renamed(match[1]))
        return ""

    text = _squeezed(name, text)
    body = _EXPORTS.sub(note_all, _EXPORT.sub(note_one, _IMPORT.sub(bind, text)))
    if other := _OTHER.search(body):
        raise ValueError(f"{name} has a form of import or export that is not joined: {other[0]}")
    result = f"{{ {', '.join(exports)} }}"
    return f"const {variables[name]} = (() => {{\n{body}return {result};\n}})();\n"


def _renamed(names: str) -> list[tuple[str, str]]:
    """The pairs (name, new name) of a list such as `a as b, c`."""
    pairs = [each.split(" as ") for each in map(str.strip, names.split(",")) if each]
    return [(pair[0].strip(), pair[-1].strip()) for pair in pairs]
