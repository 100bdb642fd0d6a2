"""Processes of the former release go on serving while, and after, this one upgrades the database.

The former release is the newest tag; without any tag it is the last commit before the newest
migration. That it starts again afterwards is tested where its code can: code without
`webapp/storage/newer_schema.py` knows no revision but its own and earlier ones.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.conftest import ROOT, installed
from webapp.cli import main
from webapp.settings import Settings
from webapp.storage.database import Database

TAGS = ("--list", "v*", "--sort=-v:refname", "--merged", "HEAD", "--no-contains", "HEAD")
TOKEN = "a-token-for-scripts"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}
MIGRATIONS = ROOT / "webapp" / "storage" / "migrations" / "versions"
PAGES = ("/", "/readyz", "/admin/", "/admin/versions", "/admin/retrain", "/admin/review")

FORMER = """
import json, sys
from webapp.cli import main
main(["db", "upgrade"], standalone_mode=False)
from webapp.app import create_app
client = create_app().test_client()
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    method, path, body, headers = json.loads(line)
    answer = client.open(path, method=method, json=body, headers=headers)
    print(json.dumps([answer.status_code, answer.get_data(as_text=True)]), flush=True)
main(["backup", "backup.zip"], standalone_mode=False)
"""
"""Answers each line of standard input, a request, by a line. Makes a backup
at the end. It uses what is a contract alone."""

NEWER = "newer"
"""A revision that no release knows."""

Answer = tuple[int, str]


def git(*arguments: str) -> bytes:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def former_commit() -> str:
    """The commit of the former release; skips the test where git's history does not have it."""
    *former, _newest = sorted(path.name for path in MIGRATIONS.glob("[0-9]*.py"))
    folder = str(MIGRATIONS.relative_to(ROOT))
    try:
        if tags := git("tag", *TAGS).split():
            return tags[0].decode()
        changed = git("log", "--format=%H^", "--", folder).decode().split()
        for commit in ("HEAD", *changed):
            files = git("ls-tree", "--name-only", f"{commit}:{folder}").decode().split()
            if [name for name in files if name[0].isdigit()] == former:
                return commit
    except (OSError, subprocess.CalledProcessError):
        pass  # no repository, or not all of it
    pytest.skip("no former release here: git's whole history is needed (git fetch --unshallow)")


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the code of the former release."""
    folder = tmp_path_factory.mktemp("former")
    parts = ("webapp", "trainer", "templates", "static")
    archive = git("archive", "--format=tar", former_commit(), *parts)
    subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=archive)
    return folder


@contextmanager
def process_of(former: Path, settings: Any) -> Iterator[Any]:
    """A process of the former release; yields what asks it."""
    environment = {
        "INKLING_HOME": settings.home,
        "INKLING_DATABASE_URL": settings.database_url,
        "INKLING_ADMIN_TOKEN": TOKEN,
        "PYTHONPATH": str(former),
    }
    with subprocess.Popen(
        [sys.executable, "-c", FORMER],
        cwd=former,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(method: str, path: str, body: object = None, **headers: str) -> Answer:
            process.stdin.write(json.dumps([method, path, body, ADMIN | headers]) + "\n")
            process.stdin.flush()
            status, content = json.loads(process.stdout.readline())
            return status, content

        while (line := process.stdout.readline()) and line.strip() != '"ready"':
            pass  # what the command printed
        assert line, "the former release did not start"
        yield ask
        process.stdin.close()
        assert process.wait() == 0


def feedback(ask: Any, picture: str, label: str) -> dict[str, Any]:
    """Let a release read a picture and store what it is; returns its answer to both."""
    status, content = ask("POST", "/api/v1/predict", {"image": picture})
    assert status == 200, content
    prediction = json.loads(content)
    sent = {"prediction_id": prediction["prediction_id"], "label": label, "image": picture}
    status, content = ask("POST", "/api/v1/feedback", sent)
    assert status == 201, content
    return prediction | json.loads(content)


def reviewed(ask: Any) -> dict[str, str]:
    """The label of each drawing, as a release shows it to reviewers."""
    status, content = ask("GET", "/admin/api/drawings")
    assert status == 200, content
    return {each["id"]: each["label"] for each in json.loads(content)["drawings"]}


def test_the_former_release_serves_on_while_this_one_upgrades(former, settings, encode, seven):
    turned = [seven, seven[:, ::-1], seven[::-1], seven[::-1, ::-1], seven.T]
    pictures = [
        "data:image/png;base64," + base64.b64encode(encode(each.copy())).decode() for each in turned
    ]
    own = settings(admin_token=TOKEN)
    starts_again = (former / "webapp" / "storage" / "newer_schema.py").exists()
    with process_of(former, own) as old:
        before = feedback(old, pictures[0], "7")
        with installed(own) as app:  # which upgrades the database
            client = app.test_client()

            def new(method: str, path: str, body: object = None, **headers: str) -> Answer:
                answer = client.open(path, method=method, json=body, headers=ADMIN | headers)
                return answer.status_code, answer.get_data(as_text=True)

            meanwhile = feedback(old, pictures[1], "not_a_digit")
            by_new = feedback(new, pictures[2], "2")
            feedback(new, pictures[3], "27")  # the former release may know no numbers
            for ask in (old, new):
                assert {path: ask("GET", path)[0] for path in PAGES} == dict.fromkeys(PAGES, 200)
                drawings = reviewed(ask)
                assert len(drawings) == 4
                assert drawings[before["id"]] == "7"
                assert drawings[meanwhile["id"]] == "not_a_digit"
                assert drawings[by_new["id"]] == "2"
            client.get("/admin/drift", headers=ADMIN)  # which has what is new in the tables
            # Each accepts what the other signed and stored.
            for ask, signed in ((new, before), (old, by_new)):
                sent = {"prediction_id": signed["prediction_id"], "label": "1"}
                assert ask("POST", "/api/v1/feedback", sent)[0] in {200, 201}
                accept = {"state": "accepted", "label": "3"}
                assert ask("POST", f"/admin/api/drawings/{signed['id']}", accept)[0] == 200
    if starts_again:
        with process_of(former, own) as old:
            feedback(old, pictures[4], "8")
            assert {path: old("GET", path)[0] for path in PAGES} == dict.fromkeys(PAGES, 200)
            assert len(reviewed(old)) == 5
    with installed(own) as app:
        client = app.test_client()
        assert len(reviewed(new)) == (5 if starts_again else 4)


def at_a_newer_revision(database: Database, *changes: str) -> None:
    """Upgrade a database as some later release would."""
    database.upgrade()
    with database.writing() as session:
        for change in (*changes, f"UPDATE alembic_version SET version_num = '{NEWER}'"):
            session.execute(text(change))


def test_this_release_starts_again_on_what_a_newer_one_has_added_to(settings, caplog):
    own = settings()
    filled = "GENERATED ALWAYS AS IDENTITY" if own.database_url else "AS (1) NOT NULL"
    at_a_newer_revision(
        Database(own.database),
        "CREATE TABLE newer (id INTEGER PRIMARY KEY)",
        "ALTER TABLE drawings ADD COLUMN newer VARCHAR(4)",
        "ALTER TABLE runs ADD COLUMN newer INTEGER DEFAULT 0 NOT NULL",
        f"ALTER TABLE secrets ADD COLUMN newer INTEGER {filled}",
    )
    environment = {"INKLING_HOME": own.home, "INKLING_DATABASE_URL": own.database_url}
    result = CliRunner().invoke(main, ["db", "upgrade"], env=environment)
    assert result.exit_code == 0, result.output
    assert "a newer Inkling has upgraded the database, which still fits this one" in caplog.text
    with Database(own.database).reading() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == NEWER


def instead(column: str, definition: str) -> str:
    """Statements that replace a column of the drawings."""
    return (
        f"ALTER TABLE drawings DROP COLUMN {column};"
        f"ALTER TABLE drawings ADD COLUMN {column} {definition}"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (instead("number", "VARCHAR(64) DEFAULT '' NOT NULL"), "drawings.number needs a value"),
        (instead("model", "VARCHAR(100)"), "drawings.model may have no value"),
        (instead("number", "AS ('7')"), "drawings.number can no longer be written"),
        ("ALTER TABLE drawings DROP COLUMN strokes", "drawings.strokes is missing"),
        ("ALTER TABLE runs RENAME COLUMN options TO wishes", "runs.options is missing"),
        ("DROP TABLE secrets", "secrets is missing"),
    ],
)
def test_this_release_does_not_start_on_what_a_newer_one_has_taken_away(tmp_path, change, reason):
    at_a_newer_revision(Database(Settings(home=str(tmp_path)).database), *change.split(";"))
    environment = {"INKLING_HOME": str(tmp_path)}
    result = CliRunner().invoke(main, ["db", "upgrade"], env=environment)
    [line] = result.output.splitlines()
    assert result.exit_code == 1
    assert line.startswith("Error: the database ")
    assert reason in line
