"""What test_distributed.py runs in each of two processes: `python -m … FOLDER`.

Trains without interruption into FOLDER/whole; then in FOLDER/cut up to an error after the first
epoch, and on from its checkpoint. Prints, as JSON, what the parent cannot see.
"""

import glob
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

from trainer.data.samples import Samples
from trainer.training.augmentation import Augmentation
from trainer.training.callbacks import Callback
from trainer.training.distributed import Distributed, process_group
from trainer.training.recipe import Recipe
from trainer.training.run import SaveEpochs, TrainingPlan, TrainingRun
from trainer.training.train import train_model

CPU = torch.device("cpu")
RECIPE = Recipe(architecture="cnn", epochs=3, batch_size=16, augmentation=Augmentation())


class Cut(Exception):
    """Stands for the end of all processes."""


class CutAfterFirst(Callback):
    def on_epoch_end(self, result, state):
        raise Cut


def train(folder: Path, distributed: Distributed, *callbacks: Callback) -> str:
    """Train from the folder's checkpoint, if it has one; return a hash of all weights here."""
    run = TrainingRun(folder)
    saving = []
    if distributed.is_main:
        saving = [SaveEpochs(run)]
        if not (folder / "run.json").exists():
            run.start(TrainingPlan(command="", recipe=RECIPE, data=[], validation=[]))
    distributed.wait_for_all()
    rng = np.random.default_rng(0)
    samples = Samples(rng.integers(0, 256, (65, 28, 28), np.uint8), np.arange(65) % 10)
    state = train_model(
        RECIPE,
        samples,
        samples,
        CPU,
        [*saving, *callbacks],
        checkpoint=run.checkpoint,
        distributed=distributed,
    )
    weights = torch.cat([each.detach().flatten() for each in state.model.parameters()])
    return hashlib.sha256(weights.numpy().tobytes()).hexdigest()


def main(folder: Path) -> None:
    with process_group() as distributed:
        whole = train(folder / "whole", distributed)
        try:
            train(folder / "cut", distributed, CutAfterFirst())
        except Cut:
            torch.rand(7 + distributed.rank)  # what was drawn before does not matter
        resumed = train(folder / "cut", distributed)
    names = [Path(each).read_text().strip() for each in glob.glob("/proc/self/task/*/comm")]
    threads = [name for name in names if "gloo" in name]
    print(json.dumps({"whole": whole, "resumed": resumed, "threads": threads}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
