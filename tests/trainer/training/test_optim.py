"""Optimizers and schedules by what they do to a weight and to the learning rate."""

import pytest
import torch

from trainer.training.optim import OPTIMIZERS, SCHEDULES
from trainer.training.recipe import Recipe


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimizer_takes_the_weight_decay(optimizer):
    weight = torch.nn.Parameter(torch.ones(3))
    recipe = Recipe(optimizer=optimizer, learning_rate=0.1, weight_decay=0.5)
    weight.grad = torch.zeros(3)
    OPTIMIZERS[optimizer]([weight], recipe).step()
    left = 0.9 if optimizer == "adam" else 0.95  # adam makes each step as long as its rate
    assert weight.tolist() == pytest.approx([left] * 3)


def rates_of(schedule, steps):
    """The learning rate of each step, and the one after the last, for a rate of 0.1."""
    recipe = Recipe(optimizer="sgd", learning_rate=0.1, momentum=0.9, schedule=schedule)
    updates = OPTIMIZERS["sgd"]([torch.nn.Parameter(torch.ones(1))], recipe)
    rate = SCHEDULES[schedule](updates, recipe, steps)
    rates = [updates.param_groups[0]["lr"]]
    for _ in range(steps):
        updates.step()
        rate.step()
        rates.append(updates.param_groups[0]["lr"])
    return rates


def test_a_constant_schedule_stays_and_a_cosine_one_falls_to_zero():
    assert rates_of("constant", 40) == [0.1] * 41
    quarters = [0.1, 0.0853553, 0.05, 0.0146447, 0.0]
    assert rates_of("cosine", 40)[::10] == pytest.approx(quarters, abs=1e-6)


def test_a_one_cycle_schedule_is_at_its_highest_after_a_fifth_of_the_steps():
    rates = rates_of("one-cycle", 100)
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) in {19, 20}
    assert rates[0] < 0.005
    assert rates[-1] < 0.001
