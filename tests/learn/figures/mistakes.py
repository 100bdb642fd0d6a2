"""What the mistakes of tutorials cost, by docs/learn/mistakes.json: `mistakes/NAME/…`."""

from __future__ import annotations

from statistics import mean

from tests.learn.curves import read_mistakes


def figures() -> dict[str, str]:
    """By name. Shares are means over the seeds, and the lowest and highest of them.

    `claimed` is what the recipe itself measures, `validation` and `test` are true. `missing`
    is in how many trainings a digit is never read. Of seed 0 are `after/1`, the validation accuracy
    after an epoch; `loss`, the last training loss; and `last epoch/loss` and `last epoch/training`,
    the means of training loss and accuracy over the last epoch.
    """
    mistakes = read_mistakes()
    found = {
        "mistakes/train": f"{mistakes.train:,}",
        "mistakes/validation": f"{mistakes.validation:,}",
        "mistakes/test": f"{mistakes.test:,}",
    }
    for each in mistakes.outcomes:
        name = f"mistakes/{each.name}"
        for kind in ("claimed", "validation", "test"):
            shares = [getattr(result, kind) for result in each.results]
            found[f"{name}/{kind}"] = _share(mean(shares))
            found[f"{name}/{kind}/lowest"] = _share(min(shares))
            found[f"{name}/{kind}/highest"] = _share(max(shares))
        found[f"{name}/missing"] = str(sum(bool(result.missing) for result in each.results))
        found[f"{name}/loss"] = f"{each.curve.loss[-1]:.2f}"
        before_last = mistakes.steps[-1] - mistakes.steps_per_epoch
        last = [index for index, step in enumerate(mistakes.steps) if step > before_last]
        loss, accuracy = each.curve.loss, each.curve.accuracy
        found[f"{name}/last epoch/loss"] = f"{mean(loss[index] or 0 for index in last):.2f}"
        found[f"{name}/last epoch/training"] = _share(mean(accuracy[index] or 0 for index in last))
        for epoch in (1, 5, mistakes.steps[-1] // mistakes.steps_per_epoch):
            point = mistakes.steps.index(epoch * mistakes.steps_per_epoch)
            found[f"{name}/after/{epoch}"] = _share(each.curve.validation_accuracy[point])
    for choice in mistakes.choices:
        found[f"mistakes/choice/{choice.pictures}/claimed"] = _share(choice.claimed)
        found[f"mistakes/choice/{choice.pictures}/fresh"] = _share(choice.fresh)
        found["mistakes/choice/tries"] = str(choice.tries)
    return found


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
