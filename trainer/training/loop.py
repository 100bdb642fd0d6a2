"""The training loop."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from trainer.data.samples import Samples
from trainer.training.augment import augment, augmentation_at
from trainer.training.batches import Batches
from trainer.training.callbacks import Callback, EarlyStopping
from trainer.training.checkpoint import TrainingState
from trainer.training.distributed import SINGLE_PROCESS, Distributed
from trainer.training.losses import Criterion
from trainer.training.metrics import EpochResult, RunningMetrics, must_be_finite
from trainer.training.recipe import Recipe
from trainer.training.validation import validation_metrics


def fit(
    state: TrainingState,
    batches: Batches,
    validation: Samples,
    recipe: Recipe,
    callbacks: Sequence[Callback] = (),
    distributed: Distributed = SINGLE_PROCESS,
) -> None:
    """Train a model from its state's epoch to the recipe's last.

    `state` is new or was restored from a checkpoint, and changes in place. What is validated is the
    exponential moving average of the weights where the recipe has one (Polyak and Juditsky 1992).
    Raises `TrainerError` at the end of an epoch in which the training diverged.
    """
    device = state.device
    model = distributed.wrap(state.model, device)
    criterion = Criterion(recipe, state.teacher)
    use_bfloat16 = recipe.precision == "bfloat16"
    callbacks = [EarlyStopping(recipe.patience), *callbacks]
    for callback in callbacks:
        callback.on_train_start(state)

    for epoch in range(state.epoch, recipe.epochs):
        if state.should_stop:
            break
        metrics = RunningMetrics(epoch + 1, device, distributed)
        augmentation = augmentation_at(epoch, recipe)
        distributed.seed(recipe.seed, epoch)
        model.train()
        for images, labels in batches.epoch(epoch):
            images = augment(images, augmentation)  # noqa: PLW2901
            with torch.autocast(device.type, torch.bfloat16, enabled=use_bfloat16):
                logits = model(images)
                loss = criterion(images, logits, labels)

            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            state.optimizer.step()
            state.scheduler.step()
            state.update_ema()

            metrics.update(loss, logits, labels)
            for callback in callbacks:
                callback.on_batch_end(metrics)

        train_loss, train_accuracy, speed = metrics.finish(distributed)
        validation_loss, validation_accuracy = distributed.broadcast_from_main(
            lambda: validation_metrics(
                state.eval_model, validation, device, evaluation_mode=recipe.evaluation_mode
            )
        )
        must_be_finite(epoch + 1, train_loss, validation_loss)
        is_best = state.record_validation(validation_accuracy)
        result = EpochResult(
            epoch=epoch + 1,
            loss=train_loss,
            accuracy=train_accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=state.optimizer.param_groups[0]["lr"],
            pictures_per_second=speed,
            best=is_best,
        )
        for callback in callbacks:
            callback.on_epoch_end(result, state)
