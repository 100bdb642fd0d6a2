"""Training in several processes: equal weights, resuming, and an orderly end."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest
import torch
import torch.distributed as dist

from trainer.training.distributed import SINGLE_PROCESS, Distributed, process_group
from trainer.training.run import TrainingRun


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    """The folder of `two_processes.py`, and what each process printed."""
    folder = tmp_path_factory.mktemp("two")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.trainer.training.two_processes", folder],
            env=os.environ | common | {"MASTER_PORT": str(port), "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    printed = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return folder, [json.loads(text.splitlines()[-1]) for text in printed]


def test_resumed_processes_end_with_the_weights_of_uninterrupted_ones(two_processes):
    folder, (first, second) = two_processes
    assert first["resumed"] == first["whole"]
    assert second["resumed"] == second["whole"]
    for name in ("best", "last", "checkpoint"):
        whole, cut = (folder / run / f"{name}.safetensors" for run in ("whole", "cut"))
        assert whole.read_bytes() == cut.read_bytes()


def test_all_processes_have_the_same_weights(two_processes):
    _, (first, second) = two_processes
    assert first["whole"] == second["whole"]


def test_no_thread_of_the_group_is_left_when_python_ends(two_processes):
    # Such a thread made processes abort at their end, once in a few runs.
    _, printed = two_processes
    assert [each["threads"] for each in printed] == [[], []]


def test_random_numbers_follow_from_seed_process_and_epoch_alone():
    drawn = {}
    for rank in range(2):
        for epoch in range(2):
            for seed in (0, 7):
                Distributed(rank, 2).seed(seed, epoch)
                drawn[rank, epoch, seed] = torch.rand(4).tolist()
    assert len({tuple(each) for each in drawn.values()}) == 8
    torch.rand(3)
    Distributed(1, 2).seed(7, 1)
    assert torch.rand(4).tolist() == drawn[1, 1, 7]


@pytest.mark.parametrize("count", [10, 11])
def test_processes_share_the_samples_evenly_and_without_overlap(count):
    order = np.random.default_rng(0).permutation(count)
    shares = [Distributed(rank, 2).shard(order) for rank in range(2)]
    assert [len(share) for share in shares] == [5, 5]
    assert len({*shares[0], *shares[1]}) == 10
    assert (SINGLE_PROCESS.shard(order) == order).all()


def test_with_a_gpu_each_tensors_on_both_kinds_of_device_can_be_reduced(monkeypatch):
    """Here a group of one process with gloo for both stands for gloo and NCCL."""
    asked = {}
    join = dist.init_process_group

    def as_without_gpus(backend: str, timeout: timedelta) -> None:
        asked.update(item.split(":") for item in backend.split(","))
        assert timeout > timedelta(hours=12)  # rendering and exporting take longer than 30 minutes
        join("cpu:gloo,cuda:gloo")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
    settings |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(dist, "init_process_group", as_without_gpus)
    with process_group() as distributed:
        assert asked == {"cpu": "gloo", "cuda": "nccl"}
        assert chosen == [0]
        several = Distributed(distributed.rank, 2)  # else nothing is sent
        several.wait_for_all()
        assert several.sum(torch.ones(2)).tolist() == [1, 1]
        assert several.broadcast_from_main(lambda: {"any": "object"}) == {"any": "object"}
    assert not dist.is_initialized()


@pytest.mark.long
def test_torchrun_trains_exports_and_ends_in_a_folder_that_the_first_process_names(
    tmp_path, some_digits
):
    quick = ["train", "--preset", "lenet5", "--data", f"folder:{some_digits}", "--json"]
    quick += ["--epochs", "8", "--batch-size", "20", "--schedule", "constant"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    two = subprocess.run(
        [*launch, "--nproc-per-node", "2", "-m", "trainer", *quick],
        env=os.environ | {"INKLING_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert two.returncode == 0, two.stderr
    lines = [json.loads(line) for line in two.stdout.splitlines()]
    assert [line.get("epoch") for line in lines] == [*range(1, 9), None]
    card = lines[-1]["card"]
    assert card["command"].startswith("torchrun --nproc-per-node=2")
    assert card["evaluations"][0]["accuracy"] > 0.8
    (run,) = (tmp_path / "runs").iterdir()
    assert len(TrainingRun(run).metrics()) == 8
    assert (run / "report.html").exists()
