"""From real MNIST to a served answer, in the two commands that a person would use."""

import base64
import json

from tests.trainer.conftest import trainer
from trainer.data.datasets.mnist import stored
from webapp.app import create_app
from webapp.settings import Settings


def test_two_epochs_on_a_few_thousand_images_train_a_model_that_serves(
    tmp_path, mnist, rendered, encode
):
    result = trainer(
        *("train", "--preset", "quick", "--data", "mnist:4000", "--epochs", "2"),
        *("--folder", "run", "--output", "home/models/mine"),
        cwd=tmp_path,
        INKLING_DATA=str(mnist.resolve()),
        INKLING_HOME=str(rendered),
    )
    assert result.returncode == 0, result.stderr
    client = create_app(
        Settings(home=str(tmp_path / "home"), model="mine", rate_limit=0)
    ).test_client()
    pictures, labels = stored(mnist, is_test=True)
    right = 0
    for picture, label in zip(pictures[:200], labels[:200], strict=True):
        url = "data:image/png;base64," + base64.b64encode(encode(picture)).decode()
        answer = client.post("/api/v1/predict", json={"image": url}).get_json()
        assert answer["model"]["name"] == "mine"
        right += answer["digit"] == label
    assert right >= 165
    figures = json.loads((tmp_path / "home/models/mine/card.json").read_text())["evaluations"]
    assert [f["pictures"] for f in figures] == [10_000]
