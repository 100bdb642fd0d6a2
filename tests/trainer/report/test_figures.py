"""What the figures of a run show."""

from trainer.report import figures
from trainer.training.metrics import EpochResult


def epoch(number: int, best: bool) -> EpochResult:
    return EpochResult(
        epoch=number,
        loss=0.02 / number,  # a mean squared error
        accuracy=0.9,
        validation_loss=0.3 / number,  # a cross-entropy
        validation_accuracy=0.95,
        learning_rate=1e-3,
        pictures_per_second=1000.0,
        best=best,
    )


METRICS = [epoch(1, True), epoch(2, False), epoch(3, False)]


def test_each_plot_shows_one_quantity():
    loss, cross_entropy, accuracy = figures.curves(METRICS, 3, None).axes
    assert loss.get_title() == "training loss"
    assert [line.get_ydata()[0] for line in loss.lines[:1]] == [0.02]
    assert cross_entropy.get_title() == "validation cross-entropy"
    assert [line.get_ydata()[0] for line in cross_entropy.lines[:1]] == [0.3]
    curves = {line.get_label(): list(line.get_ydata()) for line in accuracy.lines}
    assert curves["training"] == [0.9] * 3
    assert curves["validation"] == [0.95] * 3


def test_the_test_accuracy_stands_at_the_exported_epoch_even_if_another_was_best():
    accuracy = figures.curves(METRICS, 3, 0.97).axes[2]
    (point,) = (line for line in accuracy.lines if line.get_marker() == "o")
    assert (list(point.get_xdata()), list(point.get_ydata())) == ([3], [0.97])


def test_a_bundle_that_did_not_record_its_epoch_gets_no_mark():
    accuracy = figures.curves(METRICS, None, 0.97).axes[2]
    assert not [line for line in accuracy.lines if line.get_marker() == "o"]
