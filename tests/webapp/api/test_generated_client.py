"""A client that a common generator makes of the contract works against the app."""

import base64
import importlib
import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import installed, need
from webapp.app import create_app
from webapp.settings import Settings

GENERATOR = "openapi_python_client"
PACKAGE = "generated_inkling"


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Path:
    """A folder with the generated package."""
    there = importlib.util.find_spec(GENERATOR) is not None
    need(there, "no openapi-python-client; run `make install`")
    folder = tmp_path_factory.mktemp("generated")
    client = create_app(Settings(home=str(folder))).test_client()
    (folder / "openapi.json").write_bytes(client.get("/api/v1/openapi.json").data)
    (folder / "config.yaml").write_text("post_hooks: []\n")  # which would only format it
    options = ["--path", "openapi.json", "--config", "config.yaml"]
    options += ["--meta", "none", "--output-path", PACKAGE]
    command = [sys.executable, "-m", GENERATOR, "generate", *options]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    left_out = [line for line in done.stdout.splitlines() if line.startswith("Unsupported")]
    assert set(left_out) <= {"Unsupported content type image/*"}, done.stdout
    return folder


@pytest.fixture
def api(generated, monkeypatch):
    """Import a module of the generated package."""
    monkeypatch.syspath_prepend(str(generated))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    yield module
    for name in [each for each in sys.modules if each.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_generated_client_reads_corrects_and_is_told_what_is_wrong(tmp_path, api, seven, encode):
    import httpx

    models, operations = api("models"), api("api.default")
    for name in ("batch", "feedback", "models", "predict", "take_back"):
        api(f"api.default.{name}")
    picture = encode(seven)
    url = "data:image/png;base64," + base64.b64encode(picture).decode()

    def file(content: bytes = picture) -> object:
        return api("types").File(io.BytesIO(content), "7.png", "image/png")

    with installed(Settings(home=str(tmp_path), rate_limit=0)) as app:
        transport = httpx.WSGITransport(app=app)
        client = api("client").Client("http://inkling", raise_on_unexpected_status=True)
        client.set_httpx_client(httpx.Client(base_url="http://inkling", transport=transport))

        read = operations.predict.sync(client=client, body=models.PredictRequest(image=url))
        assert (read.digit, read.text, read.certainty) == (7, "7", "sure")
        form = models.PredictFilesBody(image=file())
        assert operations.predict.sync(client=client, body=form).digit == 7
        asked = models.PredictRequest(image=url, mode=models.PredictRequestMode.NUMBER)
        number = operations.predict.sync(client=client, body=asked)
        assert [each.digit for each in number.digits] == [7]
        items = operations.batch.sync(client=client, body=models.BatchBody(image=[file(), file()]))
        assert [each.answer.digit for each in items] == [7, 7]
        known = operations.models.sync(client=client)
        assert "inkling" in [each.name for each in known.models]

        label = models.FeedbackRequest(label="1", prediction_id=read.prediction_id)
        kept = operations.feedback.sync(client=client, body=label)
        assert kept.label == "1"
        gone = operations.take_back.sync_detailed(kept.id, client=client)
        assert gone.status_code == 204

        form = models.PredictFilesBody(image=file(b"no picture"))
        problem = operations.predict.sync(client=client, body=form)
        assert isinstance(problem, models.ProblemDetails)
        assert problem.status == 415
