"""How one map of a stage was made, as the inside pages ask it."""

import io

import numpy as np
import pytest
from PIL import Image

from trainer.recognition.image import as_data_url


@pytest.fixture
def explained(client, seven, encode):
    """What the page knows of a drawing before it asks."""

    def explain(model: str) -> dict:
        form = {"image": (io.BytesIO(encode(seven)), "7.png"), "model": model}
        return client.post("/api/v1/explain", data=form).get_json()

    return explain


def made(client, model: str, seen: str, stage: str, index: int):
    asked = {"seen": seen, "stage": stage, "index": index}
    return client.post(f"/models/{model}/inside/map", json=asked)


def test_each_map_of_each_stage_can_be_asked_for_what_it_was_made_of(client, explained):
    told = explained("lenet5")
    for stage in told["stages"]:
        count, *shape = [*stage["shape"], 1, 1][:3]
        answer = made(client, "lenet5", told["seen"], stage["name"], count - 1).get_json()
        assert (answer["kind"], answer["count"]) == (stage["made"], count)
        assert answer["shape"] == shape
        assert len(answer["values"]) == np.prod(shape)
        assert answer["version"] == told["model"]["version"]
        if stage["made"] == "sum":
            assert len(answer["weights"]) == len(answer["inputs"])
            if shape == [1, 1]:
                products = np.array(answer["weights"]).ravel() @ np.array(answer["inputs"]).ravel()
                assert products + answer["bias"] == pytest.approx(answer["sums"][0], abs=1e-3)


def test_units_tell_their_inputs_and_a_recurrent_one_its_state_after_each_row(client, explained):
    seen = explained("mlp-deep")["seen"]
    unit = made(client, "mlp-deep", seen, "2 ReLU", 3).get_json()
    assert (unit["input_shape"], len(unit["inputs"][0])) == ([16, 32], 512)
    state = made(client, "rnn", seen, "1 LSTM", 127).get_json()
    assert (state["kind"], state["forward"], state["shape"]) == ("rows", True, [28, 1])


@pytest.mark.parametrize(
    ("model", "change", "status"),
    [
        ("lenet5", {"index": 6}, 400),
        ("lenet5", {"index": -1}, 400),
        ("lenet5", {"stage": "logits"}, 400),
        ("nobody", {}, 400),
        ("lenet5", {"seen": as_data_url(np.zeros((28, 29), np.uint8))}, 400),
        ("lenet5", {"seen": "data:image/png;base64," + "A" * 20_000}, 400),
        ("lenet5", {"seen": "data:image/png;base64,AAAA"}, 415),
    ],
)
def test_what_is_asked_of_a_map_is_bounded(client, model, change, status):
    seen = as_data_url(np.asarray(Image.new("L", (28, 28), 9)))
    asked = {"seen": seen, "stage": "1 ReLU", "index": 0}
    assert client.post("/models/lenet5/inside/map", json=asked).status_code == 200
    response = client.post(f"/models/{model}/inside/map", json=asked | change)
    assert response.status_code == status
