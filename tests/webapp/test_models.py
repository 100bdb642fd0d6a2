import shutil

import pytest

from trainer.bundle import PRETRAINED, BundleError
from webapp.app import create_app
from webapp.settings import Settings


def test_the_models_are_listed_with_their_figures(client):
    models = client.get("/api/v1/models").get_json()["models"]
    assert models[0]["name"] == "inkling"
    assert models[0]["default"] is True
    assert models[0]["parameters"] > 1000
    assert {m["data"] for m in models[0]["evaluations"]} >= {"mnist", "strokes"}


def test_a_bundle_in_the_home_folder_joins_and_can_be_the_default(tmp_path):
    shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / "mine")
    client = create_app(Settings(home=str(tmp_path), model="mine")).test_client()
    models = client.get("/api/v1/models").get_json()["models"]
    assert [(m["name"], m["default"]) for m in models] == [("mine", True), ("inkling", False)]
    assert client.get("/readyz").get_json()["model"] == "mine"


def test_a_bad_bundle_in_the_home_folder_is_left_out_with_the_reason(tmp_path, caplog):
    for name in ("inkling", "mine"):
        copy = shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / name)
        (copy / "model.onnx").write_bytes(b"broken")
    client = create_app(Settings(home=str(tmp_path))).test_client()
    assert [m["name"] for m in client.get("/api/v1/models").get_json()["models"]] == ["inkling"]
    assert "does not match the hash" in caplog.text


def test_an_app_without_its_default_model_does_not_start(tmp_path):
    with pytest.raises(BundleError, match="'oracle'"):
        create_app(Settings(home=str(tmp_path), model="oracle"))
