"""The commands of `python -m trainer`.

Commands that need torch import it when they run; `evaluate`, `compare` and `predict` do not.
"""

from __future__ import annotations

from trainer.cli.benchmark import benchmark
from trainer.cli.calibrate_numbers import calibrate_numbers
from trainer.cli.compare import compare
from trainer.cli.data import data
from trainer.cli.evaluate import evaluate
from trainer.cli.export import export
from trainer.cli.main import main
from trainer.cli.models import explain, models, summary
from trainer.cli.predict import predict
from trainer.cli.quantize import quantize
from trainer.cli.retrain import retrain
from trainer.cli.runs import runs
from trainer.cli.train import train
from trainer.cli.train_rows import train_rows
from trainer.cli.upgrade import upgrade
from trainer.cli.watch import watch

__all__ = ["main"]

for command in (
    *(data, train, watch, retrain, runs, export, quantize, upgrade, evaluate, compare, benchmark),
    *(predict, models, summary, explain, calibrate_numbers, train_rows),
):
    main.add_command(command)
