"""Explanations of a prediction, by the API and on the page without JavaScript."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from trainer.recognition.activation_layout import lay_out
from trainer.recognition.bundle import PRETRAINED
from webapp.inference.explain import AGAINST, FOR, as_heatmap, tinted

STAGES = {"inkling": ("ReLU", [20, 28, 28]), "rnn": ("LSTM", [28, 128]), "mlp": ("ReLU", [256])}


def picture(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def explained(client, content: bytes, **fields: str):
    form = {"image": (io.BytesIO(content), "7.png"), **fields}
    return client.post("/api/v1/explain", data=form)


@pytest.mark.parametrize("model", STAGES)
def test_an_explanation_has_the_stages_of_the_model_and_the_ink_that_mattered(
    client, seven, encode, model
):
    told = explained(client, encode(seven), model=model).get_json()
    assert told["digit"] == 7
    assert told["model"]["name"] == model
    kind, shape = STAGES[model]
    assert told["stages"][0]["name"] == f"1 {kind}"
    assert told["stages"][0]["shape"] == shape
    for stage in told["stages"]:
        width, height = picture(stage["picture"]).size
        assert width * height >= np.prod(stage["shape"])
    seen, coloured = (
        np.asarray(picture(told[key]).convert("RGB")) for key in ("seen", "occlusion")
    )
    assert coloured.shape == (28, 28, 3)
    assert (coloured[..., 0] > coloured[..., 2]).any()  # orange
    far_from_ink = ~np.lib.stride_tricks.sliding_window_view(
        np.pad(seen[..., 0] > 0, 4), (9, 9)
    ).any(axis=(2, 3))
    assert far_from_ink.any()
    assert not coloured[far_from_ink].any()


def test_the_default_model_is_explained_unless_another_is_asked_for(client, seven, encode):
    answer = client.post("/api/v1/predict", data={"image": (io.BytesIO(encode(seven)), "7.png")})
    told = explained(client, encode(seven)).get_json()
    assert told["model"] == answer.get_json()["model"]
    assert told["probabilities"] == answer.get_json()["probabilities"]


@pytest.mark.parametrize("fields", [{"model": "all"}, {"mode": "number"}, {"model": "nobody"}])
def test_numbers_all_models_and_unknown_models_are_not_explained(client, seven, encode, fields):
    response = explained(client, encode(seven), **fields)
    assert response.status_code == 400
    assert response.get_json()["detail"]


def test_an_empty_drawing_has_no_explanation(client, encode):
    response = explained(client, encode(Image.new("L", (50, 50), 255)))
    assert response.status_code == 422
    assert response.get_json()["code"] == "empty_drawing"


def test_the_page_shows_the_stages_of_an_upload_without_scripts(client, seven, encode):
    upload = {"image": (io.BytesIO(encode(seven)), "7.png")}
    page = client.post("/models/lenet5/inside", data=upload).get_data(as_text=True)
    assert "a 7." in page
    assert "<strong>MaxPool2d</strong> <span>6 × 14 × 14</span>" in page
    assert page.count('src="data:image/png;base64,') == 2 + 6


def test_an_invalid_upload_is_explained_on_the_page_and_an_unknown_model_has_no_page(
    client, seven, encode
):
    response = client.post("/models/mlp/inside", data={"image": (io.BytesIO(b"no"), "7.png")})
    assert response.status_code == 415
    assert "not a picture" in response.get_data(as_text=True)
    upload = {"image": (io.BytesIO(encode(seven)), "7.png")}
    assert client.post("/models/nobody/inside", data=upload).status_code == 404
    assert client.get("/models/nobody/inside").status_code == 404
    assert (PRETRAINED / "mlp").is_dir()


@settings(deadline=None)  # which a busy machine would miss
@given(
    arrays(np.float32, array_shapes(max_dims=3, max_side=70), elements=st.floats(-9, 9, width=32))
)
def test_gaps_between_the_activations_of_a_stage_are_transparent(values):
    laid_out = lay_out(values)
    there = ~np.isnan(laid_out)
    colours = as_heatmap(laid_out)
    assert colours.shape == (*laid_out.shape, 4)
    assert ((colours[..., 3] == 255) == there).all()


def test_ink_that_supports_the_answer_is_orange_and_ink_that_opposes_it_is_blue():
    pixels = np.full((28, 28), 200, np.uint8)
    falls = np.zeros((28, 28))
    falls[3, 4], falls[5, 6] = 0.5, -0.5
    coloured = tinted(pixels, falls)
    assert tuple(coloured[3, 4]) == FOR
    assert tuple(coloured[5, 6]) == AGAINST
    assert tuple(coloured[0, 0]) == (120, 120, 120)
    faint = tinted(pixels, falls / 1e6)
    assert (faint == 120).all()


def test_zero_is_gray_where_there_are_negative_values():
    values = np.array([[-2.0, 0.0, 2.0, np.nan], [-1.0, 0.0, 1.0, 0.0]], np.float32)
    colors = as_heatmap(values).astype(int)
    assert (np.ptp(colors[:, 1, :3], axis=1) == 0).all()
    assert (colors[:, 0, 2] > colors[:, 0, 0]).all()  # blue
    assert (colors[:, 2, 0] > colors[:, 2, 2]).all()  # orange
    assert colors[0, 3, 3] == 0
    assert colors[1, 3, :3].tolist() == colors[0, 1, :3].tolist()
