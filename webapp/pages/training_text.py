"""The strings that the live training of the learn page uses, translated when called."""

from __future__ import annotations

from flask_babel import gettext as _


def words() -> dict[str, object]:
    """The strings; {step} is a step, {epoch} an epoch, {seed} a seed, the others are accuracies."""
    return {
        "states": _states(),
        "problems": _problems(),
        "figures": _(
            "Step {step} of {steps} (epoch {epoch}): training loss {loss}, training accuracy "
            "{accuracy}, validation {validation}."
        ),
        "begins": _("Step 0 of {steps}: validation {validation}, by random weights."),
        "outcome": _("It claims {claimed}; on the test set it has {test}."),
        "layer": _("Its first layer after {step} steps."),
        "now": _("Now: {mistake}"),
        "right": _("the right recipe"),
    }


def _states() -> dict[str, str]:
    """The sentence for each state of a lesson, for what it waits for, and for why it failed."""
    return {
        "queued": _("Waiting for a worker…"),
        "lesson": _("Another class is training; yours comes after it."),
        "retraining": _(
            "The worker is retraining the site’s own model, which goes first. The recorded "
            "training can be played meanwhile."
        ),
        "worker": _(
            "No worker has taken it, so probably none runs on this site. The recorded training can "
            "be played instead."
        ),
        "starting": _("A worker has taken it, and loads the pictures…"),
        "running": _("Training…"),
        "cancelling": _("Cancelling…"),
        "done": _("Done."),
        "cancelled": _("Cancelled."),
        "lost": _(
            "Its worker was stopped in the middle of it. Train again, or play the recorded "
            "training."
        ),
        "expired": _(
            "It waited a quarter of an hour for a worker in vain. Play the recorded training."
        ),
        "failed": _("It failed; the worker’s log says why. Play the recorded training instead."),
        "no_torch": _(
            "The worker of this site cannot train: it has no torch. Play the recorded training "
            "instead."
        ),
        "no_data": _("The worker of this site has no MNIST. Play the recorded training instead."),
        "too_long": _("It took too long, and was stopped. Play the recorded training instead."),
    }


def _problems() -> dict[str, str]:
    """The sentence for each problem code."""
    return {
        "wrong_token": _("No class has this token."),
        "too_many_guesses": _("Too many wrong tokens. Please wait a quarter of an hour."),
        "too_many_lessons": _(
            "This class has trained often within the last hour. Wait {minutes} minutes, or play "
            "the recorded training."
        ),
        "queue_full": _("Several classes wait already. Please try again in a minute."),
        "lesson_under_way": _("Somebody of your class was faster: this is their training."),
        "no_class": _("Please join your class again: reload this page."),
        "csrf": _("This page has been open for too long. Please reload it."),
        "unreachable": _("The server can’t be reached. Please try again in a moment."),
        "unexpected": _("Something went wrong on the server. Please try again in a moment."),
    }
