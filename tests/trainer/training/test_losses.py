"""Loss functions by their values."""

import numpy as np
import pytest
import torch

from trainer.training.losses import LOSSES, distillation_loss


def test_the_distillation_loss_is_the_divergence_at_temperature_2_times_4():
    teacher, student = torch.tensor([[4.0, 0, 0]]), torch.zeros(1, 3)
    softened = np.exp([2.0, 0, 0]) / np.exp([2.0, 0, 0]).sum()
    divergence = float(np.sum(softened * np.log(softened / (1 / 3))))
    found = float(distillation_loss(student, teacher, torch.tensor([0])))
    assert found == pytest.approx(4 * divergence, rel=1e-5)


@pytest.mark.parametrize("name", ["ce", "nll", "mse"])
def test_with_label_smoothing_the_smoothed_probabilities_have_the_least_loss(name):
    labels, smoothing = torch.arange(10), 0.2
    truth = torch.eye(10) * (1 - smoothing) + smoothing / 10
    least = float(LOSSES[name](truth.log(), labels, smoothing))
    for factor in (0.8, 1.2):  # less sure, and surer
        assert float(LOSSES[name](truth.log() * factor, labels, smoothing)) > least + 1e-5
    if name == "mse":
        assert least == pytest.approx(0, abs=1e-9)
