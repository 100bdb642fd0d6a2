"""The duration of a retraining, and its effect on the site's latency."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from tests.bench.serving import APPS, CONNECTIONS, WORKERS, load, page_pictures, server
from trainer.data.datasets import synthetic
from trainer.data.strokes.records import read
from trainer.paths import data_folder
from trainer.recognition.bundle import PRETRAINED

TOKEN = "a-token-for-the-bench"
DRAWINGS = 20
BACKGROUND = [sys.executable, "-m", "webapp.retraining.low_priority"]


def drawings() -> list[dict[str, Any]]:
    """A style that the shipped model misreads: nines like a g, each by a different writer.

    Where people's strokes are not on the machine, synthetic digits.
    """
    if any((data_folder() / "strokes").glob("letters-*.jsonl.gz")):
        found = {each.writer: each for each in read(data_folder(), "letters") if each.label == "g"}
        lines = [("9", record.strokes, writer) for writer, record in sorted(found.items())]
    else:
        rng = np.random.default_rng(0)
        lines = [
            (str(i % 10), synthetic.synthetic_strokes(i % 10, rng), str(i)) for i in range(DRAWINGS)
        ]
    return [
        {"label": label, "strokes": [line.tolist() for line in strokes], "writer": writer}
        for label, strokes, writer in lines[:DRAWINGS]
    ]


def measure_retraining(seconds: int, rounds: int) -> dict[str, Any]:
    """Seconds of a run, and the site's latency alone and beside a training."""
    if shutil.which("wrk") is None:
        raise click.ClickException("the load is made by wrk; please install it (Debian: wrk)")
    with tempfile.TemporaryDirectory() as home:
        return {"run": _run(Path(home)), "load": _loads(Path(home), seconds, rounds)}


def _run(home: Path) -> dict[str, Any]:
    """The verdict on a run without other load, and how many seconds it took since the click."""
    environment = {"INKLING_HOME": str(home), "INKLING_ADMIN_TOKEN": TOKEN}
    port = _free_port()
    site = f"http://127.0.0.1:{port}"
    worker = [sys.executable, "-m", "webapp", "worker"]
    with (
        server(APPS["onnx"], port, environment),
        subprocess.Popen(worker, env=os.environ | environment, stderr=subprocess.DEVNULL) as worker,
    ):
        _import_drawings(site)
        seconds = []
        for _ in range(2):  # the first one renders what the next ones are evaluated on
            began = time.perf_counter()
            run = _ask(f"{site}/admin/retrain", b"{}")
            while run["state"] in {"queued", "running"}:
                time.sleep(0.2)
                run = _ask(f"{site}/admin/api/runs/{run['id']}")
            seconds.append(time.perf_counter() - began)
        worker.terminate()
    took = run["progress"]["took"]
    return {"seconds": seconds, "took": took, "state": run["state"], "verdict": run["verdict"]}


def _import_drawings(site: str) -> None:
    lines = "".join(json.dumps(line) + "\n" for line in drawings()).encode()
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="d.jsonl"\r\n\r\n'
    body = head + lines + b"\r\n--b--\r\n"
    found = _ask(f"{site}/admin/drawings", body, "multipart/form-data; boundary=b")
    while found.get("state") in {"waiting", "running"}:
        time.sleep(0.2)
        found = _ask(f"{site}/admin/api/imports/{found['id']}")


def _ask(url: str, body: bytes | None = None, kind: str = "application/json") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers | {"Content-Type": kind})
    with urllib.request.urlopen(request) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def _loads(home: Path, seconds: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """The site alone, beside a training as the worker starts it, and beside one like any other."""
    bodies = home / "bodies"
    urls = [f"data:image/png;base64,{base64.b64encode(p).decode()}" for p in page_pictures(20)]
    bodies.write_text("\n".join(json.dumps({"image": url}) for url in urls))
    found: dict[str, list[dict[str, float]]] = {"alone": [], "background": [], "equal": []}
    port = _free_port()
    with server(APPS["onnx"], port) as master:
        for _ in range(rounds):
            found["alone"].append(asdict(load(port, bodies, seconds, master)))
            for name, launch in (("background", BACKGROUND), ("equal", [])):
                with _training(home / "run", launch):
                    found[name].append(asdict(load(port, bodies, seconds, master)))
    return found


@contextmanager
def _training(folder: Path, launch: list[str]) -> Iterator[None]:
    """A training in its steps, on every core, until the block ends."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "trainer", "train", "--preset", "refine", "--start-from"]
    command += [str(PRETRAINED / "inkling"), "--data", "synthetic:2000", "--validate", "synthetic"]
    command += ["--epochs", "1000", "--folder", str(folder), "--json", "--every", "0.5"]
    with subprocess.Popen(
        [*launch, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"INKLING_HOME": str(folder.parent)},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            os.killpg(process.pid, 9)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def print_retraining(report: dict[str, Any]) -> None:
    run, loads = report["run"], report["load"]
    first, second = run["seconds"]
    click.echo(f"From the click to the verdict: {first:.0f} s the first time, then {second:.0f} s")
    click.echo("  " + ", ".join(f"{stage} {took:.0f} s" for stage, took in run["took"].items()))
    if run["verdict"]:
        for row in run["verdict"]["rows"]:
            click.echo(f"  {row['data']:14}{row['before']:9.2%}{row['after']:9.2%}")
        click.echo(f"  {'took over' if run['verdict']['auto_promoted'] else 'did not take over'}")
    click.echo(f"\n{WORKERS} workers, {CONNECTIONS} connections, best of {len(loads['alone'])}\n")
    click.echo(
        f"{'beside a training':22}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'p99 ratio':>11}"
    )
    alone = min(each["p99"] for each in loads["alone"])
    for name, rounds in loads.items():
        best = min(rounds, key=lambda each: each["p99"])
        click.echo(
            f"{name:22}{best['rate']:12,.0f}{best['p50']:9.1f}{best['p99']:9.1f}"
            f"{best['p99'] / alone:11.2f}"
        )
