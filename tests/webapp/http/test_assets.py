"""Static files: names that change with the content, and modules joined into one file."""

import gzip
import re
from graphlib import CycleError
from urllib.parse import urljoin

import pytest
from flask import Flask

from tests.conftest import ROOT
from webapp.http import assets
from webapp.http.assets import joined


def version_of(_name: str) -> str:
    return "0123456789ab"


def linked(client, kind: str) -> str:
    """The path of the draw page's file of this name."""
    page = client.get("/").get_data(as_text=True)
    found = re.search(rf'"(/static/[^"]*{kind})"', page)
    assert found
    return found[1]


def test_a_page_names_files_by_their_content_and_browsers_keep_them(client):
    for name in ("inkling.css", "theme.js", "draw.js"):
        response = client.get(linked(client, name))
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "charset=utf-8" in response.headers["Content-Type"]


def test_text_is_compressed_for_those_who_take_it(client):
    path = linked(client, "draw.js")
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"})
    refused = client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == refused.data
    assert len(packed.data) < len(plain.data) / 2
    assert {each.headers["Vary"] for each in (plain, packed, refused)} == {"Accept-Encoding"}
    assert packed.headers["ETag"] != plain.headers["ETag"] == refused.headers["ETag"]
    picture = client.get("/static/icon-192.png", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in picture.headers


@pytest.mark.parametrize("path", ["/static/draw.js", "/static/0123456789ab/draw.js"])
def test_another_version_is_answered_but_not_kept(client, path):
    response = client.get(path)
    assert response.data == client.get(linked(client, "draw.js")).data
    assert response.headers["Cache-Control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "name",
    ["../pyproject.toml", "./draw.js", "vendor//uplot/LICENSE", "vendor", "none.js", "a\nb", "%00"],
)
def test_there_is_nothing_under_other_names(client, name):
    assert client.get(f"/static/{name}").status_code == 404
    assert client.get(f"/static/0123456789ab/{name}").status_code == 404


def test_every_script_can_be_joined():
    for path in (ROOT / "static").glob("*.js"):
        text = joined(ROOT / "static", path.name, version_of)
        *body, last = text.splitlines()
        others = body if last.startswith("export const {") else [*body, last]
        assert not [line for line in others if re.match(r"\s*(import\b(?!\()|export\b)", line)]


def test_a_module_comes_once_and_after_all_that_it_imports(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.js").write_text(
        '// A comment.\n\nimport { b } from "./b.js";\nimport {\n  c as d,\n} from "./sub/c.js";\n'
        "if (d) {\n  // A comment.\n  b(`/**\t${d}`); // d\n}\n/**\n * A **comment**.\n */\n"
    )
    (tmp_path / "b.js").write_text(
        'import { c } from "./sub/c.js";\n\nexport const b = (x) => x + c;\n'
        "export async function e() {}\n"
    )
    (tmp_path / "sub" / "c.js").write_text("const x = 1;export{x as c};")
    assert joined(tmp_path, "a.js", version_of) == (
        "const module0 = (() => {\nconst x = 1;return { c: x };\n})();\n"
        "const module1 = (() => {\nconst { c: c } = module0;\n"
        "const b = (x) => x + c;\nasync function e() {}\nreturn { b, e };\n})();\n"
        "const module2 = (() => {\nconst { b: b } = module1;\nconst { c: d } = module0;\n"
        "if (d) {\nb(`/**\t${d}`); // d\n}\nreturn {  };\n})();\n"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("import x from './b.js';", "import"),
        ('import "./b.js";', "import"),
        ("export default 3;", "export"),
        ("export * from './b.js';", "export"),
        ("a(`\n // b`)", "template literal"),
    ],
)
def test_what_cannot_be_joined_safely_is_refused(tmp_path, line, reason):
    (tmp_path / "a.js").write_text(line)
    with pytest.raises(ValueError, match=reason):
        joined(tmp_path, "a.js", version_of)


def test_modules_that_import_each_other_are_refused(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\n')
    with pytest.raises(CycleError):
        joined(tmp_path, "a.js", version_of)


def test_what_is_imported_dynamically_is_a_versioned_file_with_its_exports(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.js").write_text('const load = () => import("./sub/b.js");\n')
    (tmp_path / "sub" / "b.js").write_text(
        'import { c } from "../c.js";\nexport const b = c;\nexport { b as d };\n'
        'export const again = () => import("../c.js");\n'
    )
    (tmp_path / "c.js").write_text("export const c = 1;\n")
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    assets.init_app(app)
    client = app.test_client()

    def imported_by(path: str) -> str:
        (found,) = re.findall(r'import\("([^"]+)"\)', client.get(path).text)
        return urljoin(path, found)

    entry = urljoin("/static/0123456789ab/a.js", imported_by("/static/0123456789ab/a.js"))
    response = client.get(entry)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.text.endswith("\nexport const { again, b, d } = module1;\n")
    assert client.get(imported_by(entry)).text == "export const c = 1;\n"


def test_our_scripts_and_styles_come_without_comments_and_others_as_they_are(
    client,
):
    for name in ("inkling.css", "theme.js", "draw.js"):
        assert not re.search(r"/\*|^[ \t]|^//", client.get(f"/static/{name}").text, re.MULTILINE)
    for path in (ROOT / "static" / "vendor").rglob("*.*s"):
        assert client.get(f"/{path.relative_to(ROOT)}").data == path.read_bytes()
