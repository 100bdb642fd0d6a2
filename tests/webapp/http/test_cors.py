"""Scripts of other sites that ask the API."""

import re

import pytest

from webapp.app import create_app
from webapp.settings import Settings

COURSE = "https://course.example"


@pytest.fixture
def client(tmp_path):
    origins = f"{COURSE} http://localhost:3000"
    return create_app(Settings(home=str(tmp_path), cors_origins=origins)).test_client()


def of_cors(response) -> dict[str, str]:
    return {name: value for name, value in response.headers if name.startswith("Access-Control")}


def test_an_origin_of_the_list_may_ask_after_a_preflight(client, body):
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = client.options("/api/v1/predict", headers={"Origin": COURSE} | asks)
    assert preflight.status_code == 200
    allowed = of_cors(preflight)
    assert allowed["Access-Control-Allow-Origin"] == COURSE
    assert "POST" in allowed["Access-Control-Allow-Methods"]
    assert "Content-Type" in allowed["Access-Control-Allow-Headers"]
    headers = {"Origin": COURSE, "Content-Type": "application/json"}
    answer = client.post("/api/v1/predict", data=body, headers=headers)
    assert answer.json["digit"] == 7
    assert of_cors(answer)["Access-Control-Allow-Origin"] == COURSE
    assert "Origin" in answer.vary


def test_such_an_origin_may_send_and_read_all_headers_that_the_contract_names(client):
    contract = client.get("/api/v1/openapi.json").text
    named = set(re.findall(r"`([A-Z][a-z]+(?:-[A-Z][a-z]+)*)(?:: [^`]*)?`", contract))
    assert {"Picture-Count", "Prefer", "Retry-After"} <= named
    headers = {"Origin": COURSE}
    sent = of_cors(client.options("/api/v1/predict", headers=headers))
    read = of_cors(client.get("/api/v1/models", headers=headers))
    allowed = sent["Access-Control-Allow-Headers"].split(", ")
    exposed = read["Access-Control-Expose-Headers"].split(", ")
    assert named <= {*allowed, *exposed}
    assert "Preference-Applied" in exposed  # which answers `Prefer`


def test_such_an_origin_reads_errors_as_well(client):
    refused = client.post("/api/v1/predict", data=b"{", headers={"Origin": COURSE})
    assert refused.status_code == 415
    assert of_cors(refused)["Access-Control-Allow-Origin"] == COURSE


@pytest.mark.parametrize("path", ["/api/v1/models", "/", "/admin/api/drawings"])
def test_credentials_are_never_allowed_and_only_the_api_is_open(client, path):
    headers = of_cors(client.get(path, headers={"Origin": COURSE}))
    assert "Access-Control-Allow-Credentials" not in headers
    assert bool(headers) == path.startswith("/api/v1/")


@pytest.mark.parametrize(
    "origin", ["https://course.example.evil", "http://course.example", "null", "*", ""]
)
def test_no_other_origin_is_allowed(client, origin):
    answer = client.get("/api/v1/models", headers={"Origin": origin})
    assert of_cors(answer) == {}
    assert "Origin" in answer.vary  # a cache must keep the two apart


def test_by_default_no_origin_is_allowed(tmp_path):
    client = create_app(Settings(home=str(tmp_path))).test_client()
    answer = client.get("/api/v1/models", headers={"Origin": COURSE})
    assert of_cors(answer) == {}
