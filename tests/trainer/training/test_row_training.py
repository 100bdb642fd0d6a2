"""Training the row reader: its loss, its augmentation, and the command that makes its file."""

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.cli import main
from trainer.data.rows import Rows
from trainer.models.row_net import RowNet
from trainer.onnx_graph import rows_to_onnx
from trainer.recognition.segmentation.ctc import log_likelihoods
from trainer.recognition.segmentation.row_reader import HEIGHT, MAX_WIDTH, RowReader
from trainer.training.row_reader import augment_row, ctc_loss, reader_of, train_rows
from trainer.training.row_recipe import RowRecipe

CPU = torch.device("cpu")


def bars(count):
    """Rows of short bars for a 1 and long ones for a 7, which anything can learn."""
    rng = np.random.default_rng(0)
    rows = Rows([], [])
    for _ in range(count):
        text = "".join(rng.choice(["1", "7"], int(rng.integers(1, 5))))
        image = np.zeros((HEIGHT, 4 + 20 * len(text)), np.uint8)
        for index, digit in enumerate(text):
            x = 8 + 20 * index
            cv2.line(image, (x, 2), (x, 29 if digit == "7" else 12), 255, 3)
        rows.images.append(image)
        rows.texts.append(text)
    return rows


def test_the_loss_is_the_negative_log_likelihood_of_each_digit():
    logits = torch.randn(3, 11, 20, generator=torch.Generator().manual_seed(0))
    texts = ["", "7", "1100"]
    columns = torch.log_softmax(logits.double(), 1).permute(0, 2, 1).numpy()
    expected = [
        -log_likelihoods(each, [text])[0] / max(1, len(text))
        for each, text in zip(columns, texts, strict=True)
    ]
    assert float(ctc_loss(logits, texts)) == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_text_that_does_not_fit_the_columns_counts_nothing():
    assert float(ctc_loss(torch.zeros(1, 11, 2), ["777"])) == 0


def test_a_training_learns_and_is_the_same_again():
    recipe = RowRecipe(epochs=6, batch_size=16)
    losses = []
    trained = [
        train_rows(recipe, bars(160), bars(20), CPU, lambda *each: losses.append(each))
        for _ in range(2)
    ]
    assert losses[:6] == losses[6:]
    assert [epoch for epoch, _, _ in losses[:6]] == [1, 2, 3, 4, 5, 6]
    assert losses[5][1] < 0.3 * losses[0][1]
    for one, other in zip(*(model.state_dict().values() for model in trained), strict=True):
        assert torch.equal(one, other)
    assert bars(20).share_read(reader_of(trained[0])) == losses[5][2]


def test_the_file_answers_as_the_model():
    model = RowNet().eval()
    reader = RowReader(rows_to_onnx(model))
    for image in bars(5).images:
        assert reader(image) == pytest.approx(reader_of(model)(image), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), width=st.integers(9, MAX_WIDTH))
def test_an_augmented_row_keeps_its_height_and_ink(seed, width):
    image = np.zeros((HEIGHT, width), np.uint8)
    cv2.line(image, (4, 4), (width - 5, 27), 255, 2)
    before = image.copy()
    changed = augment_row(image, np.random.default_rng(seed))
    assert (image == before).all()
    assert changed.dtype == np.uint8
    assert changed.shape[0] == HEIGHT
    assert 8 <= changed.shape[1] <= MAX_WIDTH
    assert changed.max() >= 60


@pytest.mark.slow
def test_the_command_writes_a_file_that_reads_rows(pen_strokes, tmp_path):
    file = tmp_path / "rows.onnx"
    options = ["--size", "40", "--validation", "10", "--epochs", "1", "--output", str(file)]
    shown = CliRunner().invoke(main, ["train-rows", *options])
    assert shown.exit_code == 0, shown.output
    assert "epoch 1" in shown.output
    reader = RowReader(file.read_bytes())
    for width in (9, 80, MAX_WIDTH):
        columns = reader(np.full((HEIGHT, width), 128, np.uint8))
        assert columns.shape == ((width + 1) // 2, 11)
    metadata = onnxruntime.InferenceSession(file.read_bytes()).get_modelmeta()
    assert int(metadata.custom_metadata_map["rows"]) > 30
