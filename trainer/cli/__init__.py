"""The command line, `python -m trainer`: data, training, evaluation, inspection, prediction.

Torch is imported by the commands that need it, so that the others work without it.
"""

from __future__ import annotations

from trainer.cli.data import data
from trainer.cli.main import main
from trainer.cli.measure import benchmark, compare, evaluate, predict
from trainer.cli.models import explain, models, summary
from trainer.cli.runs import runs
from trainer.cli.train import export, train

__all__ = ["main"]

for command in (
    *(data, train, runs, export, evaluate, compare, benchmark, predict),
    *(models, summary, explain),
):
    main.add_command(command)
