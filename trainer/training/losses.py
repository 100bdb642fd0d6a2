"""Losses by name. Each takes logits, so that no softmax is applied twice.

All take (logits float32 [n, classes], labels int64 [n], smoothing 0..1) and give the mean over the
batch, a float32 scalar. `smoothing` is the share of the truth that is spread over all classes
(Szegedy et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

_SOFTENING = 2.0

Loss = Callable[[Tensor, Tensor, float], Tensor]


def cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def negative_log_likelihood(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """The same number in two steps, as a net does that ends in a log-softmax."""
    log_probabilities = F.log_softmax(logits, dim=1)
    likelihood = F.nll_loss(log_probabilities, labels)
    return (1 - smoothing) * likelihood - smoothing * log_probabilities.mean()


def mean_squared_error(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Between the softmax and the one-hot label (the score of Brier 1950, by class)."""
    classes = logits.shape[1]
    truth = F.one_hot(labels, classes).float() * (1 - smoothing) + smoothing / classes
    return F.mse_loss(F.softmax(logits, dim=1), truth)


def forgetting(logits: Tensor, old_logits: Tensor, labels: Tensor) -> Tensor:
    """How far an answer has moved from the old model's where that was right: a float32 scalar.

    The divergence between both softened answers, meant to be added to a loss on the labels: what
    was known is held, and what was read wrongly follows its label alone (learning without
    forgetting, Li and Hoiem 2016; the temperature is theirs, and the factor of its square as in
    Hinton, Vinyals and Dean 2015).
    """
    softened = F.log_softmax(logits / _SOFTENING, dim=1)
    old = F.log_softmax(old_logits / _SOFTENING, dim=1)
    moved = F.kl_div(softened, old, reduction="none", log_target=True).sum(dim=1)
    was_right = old_logits.argmax(1) == labels
    return _SOFTENING**2 * (moved * was_right).mean()


LOSSES: dict[str, Loss] = {
    "ce": cross_entropy,
    "nll": negative_log_likelihood,
    "mse": mean_squared_error,
}
