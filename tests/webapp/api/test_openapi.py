"""The contract against the app itself: schemathesis makes the requests.

Its modules and those of the validator take two seconds to import, so that not each test process
does so.
"""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.conftest import installed
from webapp.app import create_app
from webapp.settings import Settings


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_every_answer_matches_the_contract(kind, tmp_path):
    """Of requests that the contract allows, and of those that it does not."""
    import schemathesis
    from schemathesis import GenerationMode

    mode = GenerationMode(kind)
    with installed(Settings(home=str(tmp_path), rate_limit=0)) as app:
        contract = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
        for found in contract.get_all_operations():
            operation = found.ok()
            if operation.body or mode is GenerationMode.POSITIVE:
                _check_answers(operation.as_strategy(generation_mode=mode))


def _check_answers(cases):
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [status_code_conformance, content_type_conformance, response_schema_conformance]

    @given(case=cases)
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def check(case):
        response = case.call()
        assert response.status_code < 500
        case.validate_response(response, checks=checks)

    check()


def test_a_good_answer_matches_the_contract(client, seven, encode):
    import base64

    import jsonschema_rs

    contract = client.get("/api/v1/openapi.json").get_json()
    body = {"image": "data:image/png;base64," + base64.b64encode(encode(seven)).decode()}
    answer = client.post("/api/v1/predict", json=body).get_json()
    ref = {"$ref": "#/components/schemas/Prediction", "components": contract["components"]}
    jsonschema_rs.validator_for(ref).validate(answer)


@pytest.mark.parametrize("prefix", ["", "/digits"])
def test_the_contract_is_valid_openapi(tmp_path, prefix):
    from openapi_spec_validator import validate

    client = create_app(Settings(home=str(tmp_path), prefix=prefix)).test_client()
    validate(client.get("/api/v1/openapi.json").get_json())


def test_every_route_of_the_api_is_in_the_contract(app, client):
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    declared = {
        (method.upper(), path) for path, operations in paths.items() for method in operations
    }
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.rule != "/api/v1/openapi.json"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert len(served) >= 5
    assert declared == served


def test_the_contract_is_built_once(app):
    from webapp.api.openapi import openapi

    with app.app_context():
        assert openapi() is openapi()
