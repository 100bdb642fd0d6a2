import io
import shutil

import pytest

from trainer.recognition.bundle import PRETRAINED, BundleError
from webapp.app import create_app
from webapp.inference import registry
from webapp.inference.registry import Models
from webapp.inference.versions import Versions
from webapp.settings import Settings
from webapp.storage.activations import Pointer
from webapp.storage.database import Database

TUTORIALS = ["cnn", "cnn-wide", "lenet5", "mlp", "mlp-deep", "rnn"]


def test_the_tutorials_models_answer_by_name_and_are_small(client, encode, seven):
    for name in TUTORIALS:
        sent = {"image": (io.BytesIO(encode(seven)), "seven.png"), "model": name}
        answer = client.post("/api/v1/predict", data=sent).get_json()
        assert (answer["model"]["name"], answer["digit"]) == (name, 7)
        assert sum(file.stat().st_size for file in (PRETRAINED / name).iterdir()) < 4_000_000


def test_the_models_are_listed_with_their_metrics(client):
    models = client.get("/api/v1/models").get_json()["models"]
    assert models[0]["name"] == "inkling"
    assert models[0]["default"] is True
    assert models[0]["parameters"] > 1000
    assert {m["data"] for m in models[0]["evaluations"]} >= {"mnist", "strokes"}


def test_a_bundle_in_the_home_folder_is_served_and_can_be_the_default(tmp_path):
    shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / "mine")
    client = create_app(Settings(home=str(tmp_path), model="mine")).test_client()
    models = client.get("/api/v1/models").get_json()["models"]
    assert [m["name"] for m in models if m["default"]] == ["mine"]
    assert models[0]["name"] == "mine"
    assert "inkling" in {m["name"] for m in models}
    assert client.get("/readyz").get_json()["model"] == "mine"


def test_an_invalid_bundle_in_the_home_folder_is_skipped_and_logged(tmp_path, caplog):
    for name in ("inkling", "mine"):
        copy = shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / name)
        (copy / "model.onnx").write_bytes(b"broken")
    client = create_app(Settings(home=str(tmp_path))).test_client()
    names = [m["name"] for m in client.get("/api/v1/models").get_json()["models"]]
    assert names[0] == "inkling"
    assert "mine" not in names
    assert "does not match the hash" in caplog.text


def test_an_app_without_its_default_model_does_not_start(tmp_path):
    with pytest.raises(BundleError, match=r"INKLING_MODEL='oracle' is wrong: .* there are cnn, "):
        create_app(Settings(home=str(tmp_path), model="oracle"))


def test_all_models_answer_one_drawing(tmp_path, encode, seven):
    shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / "another")
    broken = shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / "broken")
    (broken / "model.onnx").write_bytes(b"broken")
    client = create_app(Settings(home=str(tmp_path))).test_client()
    for mode, text in (("digit", "7"), ("number", "7")):
        sent = {"image": (io.BytesIO(encode(seven)), "seven.png"), "model": "all", "mode": mode}
        answer = client.post("/api/v1/predict", data=sent).get_json()
        assert answer["model"]["name"] == "inkling"
        assert answer["text"] == text
        names = [each["model"]["name"] for each in answer["models"]]
        assert names == ["inkling", "another", *TUTORIALS]
        for each in answer["models"][:2]:
            assert each["probabilities"] == answer["probabilities"]
    sent = {"image": (io.BytesIO(encode(seven)), "seven.png")}
    assert client.post("/api/v1/predict", data=sent).get_json()["models"] == []


def test_listing_models_loads_no_model(tmp_path):
    shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / "another")
    app = create_app(Settings(home=str(tmp_path)))
    listed = app.test_client().get("/api/v1/models").get_json()["models"]
    assert {"inkling", "another"} <= {each["name"] for each in listed}
    assert list(app.extensions["inkling"].models._loaded) == ["inkling"]


def test_a_bundle_that_is_added_while_the_cards_are_listed_is_listed_the_next_time(
    tmp_path, monkeypatch
):
    models = Models(Settings(home=str(tmp_path)))
    names = registry._names

    def names_before_another_comes(settings: Settings) -> set[str]:
        found = names(settings)
        shutil.copytree(PRETRAINED / "mlp", tmp_path / "models" / "new", dirs_exist_ok=True)
        return found

    monkeypatch.setattr(registry, "_names", names_before_another_comes)
    assert "new" not in models.cards()
    assert "new" in models.cards()


def test_requests_between_two_looks_cost_no_query(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_LOOK_EVERY", 60.0)
    database = Database(Settings(home=str(tmp_path)).database)
    database.upgrade()
    versions = Versions(database)
    models = Models(Settings(home=str(tmp_path)), versions)
    looks: list[Pointer] = []
    look = versions.pointer
    monkeypatch.setattr(versions, "pointer", lambda: looks.append(look()) or looks[-1])
    for _ in range(5):
        models.get()
    assert len(looks) == 1
