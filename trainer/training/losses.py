"""Loss functions by name. All take logits, so that softmax is applied twice only on purpose.

All take (logits float32 [n, classes], labels int64 [n], smoothing 0..1) and return the mean over
the batch, a float32 scalar. `smoothing` is the probability that is spread evenly over all classes
(Szegedy et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.training.recipe import Recipe

_TEMPERATURE = 2.0

Loss = Callable[[Tensor, Tensor, float], Tensor]


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of the softmax."""
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def negative_log_likelihood(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """The same as `cross_entropy`, computed as tutorials do: log-softmax, then NLL loss."""
    log_probabilities = F.log_softmax(logits, dim=1)
    likelihood = F.nll_loss(log_probabilities, labels)
    return (1 - smoothing) * likelihood - smoothing * log_probabilities.mean()


def mean_squared_error(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """MSE of softmax and one-hot labels: the Brier score (1950), averaged over the classes."""
    classes = logits.shape[1]
    truth = F.one_hot(labels, classes).float() * (1 - smoothing) + smoothing / classes
    return F.mse_loss(F.softmax(logits, dim=1), truth)


def cross_entropy_of_softmax(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """A common mistake: softmax, then a cross-entropy that applies softmax again.

    With ten classes it is at least ln(e + 9) - 1 = 1.461, however right and sure the model is.
    """
    return cross_entropy(F.softmax(logits, dim=1), labels, smoothing)


LOSSES: dict[str, Loss] = {
    "ce": cross_entropy,
    "nll": negative_log_likelihood,
    "mse": mean_squared_error,
    "softmax-ce": cross_entropy_of_softmax,
}


def distillation_loss(logits: Tensor, teacher_logits: Tensor, labels: Tensor) -> Tensor:
    """Distance from the teacher's predictions, where these are correct: a float32 scalar.

    The Kullback-Leibler divergence at temperature 2, times its square (Hinton, Vinyals and Dean
    2015), averaged over the batch. Added to a loss on the labels, it keeps what the teacher knew
    (Li and Hoiem 2016), while images that the teacher got wrong follow their labels alone.
    """
    student = F.log_softmax(logits / _TEMPERATURE, dim=1)
    teacher = F.log_softmax(teacher_logits / _TEMPERATURE, dim=1)
    divergence = F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)
    teacher_is_correct = teacher_logits.argmax(1) == labels
    return _TEMPERATURE**2 * (divergence * teacher_is_correct).mean()


class Criterion:
    """The loss of a recipe: on the labels, plus distillation from a teacher if there is one."""

    def __init__(self, recipe: Recipe, teacher: nn.Module | None) -> None:
        self._loss = LOSSES[recipe.loss]
        self._smoothing = recipe.label_smoothing
        self._teacher = teacher
        self._distillation_weight = recipe.distillation_weight

    def __call__(self, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        """A float32 scalar; the images are those that gave the logits, after augmentation."""
        loss = self._loss(logits.float(), labels, self._smoothing)
        if self._teacher is None:
            return loss
        with torch.no_grad():
            teacher_logits = self._teacher(images)
        distilled = distillation_loss(logits.float(), teacher_logits, labels)
        return loss + self._distillation_weight * distilled
