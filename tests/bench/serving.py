"""The app under load, beside a bare handler and the same app with eager torch; its cold start."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil
from PIL import Image

from trainer.data.datasets import synthetic
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.evaluation.benchmark.cost import large_photo
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.image import decode
from trainer.recognition.preprocess import preprocess
from trainer.recognition.recognizer import Recognizer

WORKERS = 2
CONNECTIONS = 8

SCRIPT = """
local bodies = {}
for line in io.lines(os.getenv("BENCH_BODIES")) do bodies[#bodies + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
local i = 0
request = function()
  i = i % #bodies + 1
  return wrk.format("POST", "/api/v1/predict", headers, bodies[i])
end
done = function(summary, latency)
  io.write(string.format("RESULT %f %f %f %d\\n",
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.read + summary.errors.connect + summary.errors.timeout))
end
"""

COLD_START = """
import time
started = time.perf_counter()
import io, sys
from webapp.app import create_app
client = create_app().test_client()
client.post("/api/v1/predict", data={"image": (io.BytesIO(open(sys.argv[1], "rb").read()), "p")})
print(time.perf_counter() - started)
"""


@dataclass(frozen=True)
class Load:
    """One round of load: requests per second, milliseconds, failures, MiB per worker.

    `resident` counts what the workers share, as the libraries' code, in each of them; `share`
    counts it once for all of them (PSS).
    """

    rate: float
    p50: float
    p99: float
    failures: int
    resident: float
    share: float


def page_pictures(count: int) -> list[bytes]:
    """What the page sends: the ink on 140×140 RGB, as PNG."""
    rng = np.random.default_rng(0)
    look = RenderStyle(side=140, size=0.85, pen=7)
    pictures = []
    for number in range(count):
        file = io.BytesIO()
        strokes = synthetic.synthetic_strokes(number % 10, rng)
        Image.fromarray(render(strokes, look)).convert("RGB").save(file, "PNG")
        pictures.append(file.getvalue())
    return pictures


OURS = ("-c", "webapp/gunicorn.conf.py")
PLAIN = ("-k", "gevent", "-w", str(WORKERS), "--keep-alive", "0")
APPS = {
    "onnx": (*OURS, "webapp.app:create_app()"),
    "bare": (*PLAIN, "tests.bench.bare:create_app()"),
    "torch": (*OURS, "tests.bench.eager:create_app()"),
}
"""Arguments of gunicorn for each app."""


@contextmanager
def server(
    app: Sequence[str], port: int, settings: Mapping[str, str] = {}
) -> Iterator[psutil.Process]:
    """Serve an app, given as gunicorn's arguments, until the block ends."""
    command = [sys.executable, "-m", "gunicorn", *app]
    environment = {"PORT": str(port), "INKLING_WORKERS": str(WORKERS), **settings}
    environment["GUNICORN_CMD_ARGS"] = f"--bind 127.0.0.1:{port}"
    environment["INKLING_RATE_LIMIT"] = "0"  # all load comes from one client
    subprocess.run(
        [sys.executable, "-m", "webapp", "db", "upgrade"],
        env=os.environ | environment, check=True, capture_output=True,
    )  # fmt: skip
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz"):
                break
            time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def measure(app: Sequence[str], bodies: Path, seconds: int) -> Load:
    """Serve an app, and load it with wrk on one thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with server(app, port) as master:
        return load(port, bodies, seconds, master)


def load(port: int, bodies: Path, seconds: int, master: psutil.Process) -> Load:
    """Load what serves on a port, after a second of warming up if it lasts longer than that."""
    script = bodies.with_name("bench.lua")
    script.write_text(SCRIPT)
    for duration in sorted({1, seconds}):
        output = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{duration}s", "-s", script,
             f"http://127.0.0.1:{port}"],
            env=os.environ | {"BENCH_BODIES": str(bodies)},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    memory = [worker.memory_full_info() for worker in master.children()]
    resident = statistics.mean(info.rss for info in memory) / 2**20
    share = statistics.mean(info.pss for info in memory) / 2**20
    numbers = re.search(r"RESULT (.*)", output)
    assert numbers, output
    rate, p50, p99, failures = map(float, numbers[1].split())
    return Load(rate, p50, p99, int(failures), resident, share)


def cold_start(picture: Path, rounds: int) -> float:
    """Seconds from a fresh interpreter's first import to the first answer: the median."""
    command = [sys.executable, "-c", COLD_START, picture]
    runs = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(2 * rounds - 1)
    ]
    return statistics.median(runs)


def milliseconds(function: object, rounds: int) -> float:
    timer = timeit.Timer(function)  # type: ignore[arg-type]
    count, _ = timer.autorange()
    return min(timer.repeat(2 * rounds - 1, count)) / count * 1000


def measure_serving(seconds: int, rounds: int) -> dict[str, Any]:
    """Load all apps in turn, so many rounds of so many seconds; then time what an answer takes."""
    if shutil.which("wrk") is None:
        raise click.ClickException("the load is made by wrk; please install it (Debian: wrk)")
    pictures = page_pictures(20)
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder) / "bodies"
        urls = [f"data:image/png;base64,{base64.b64encode(p).decode()}" for p in pictures]
        bodies.write_text("\n".join(json.dumps({"image": url}) for url in urls))
        picture = Path(folder) / "picture.png"
        picture.write_bytes(pictures[0])
        loads: dict[str, list[Load]] = {name: [] for name in APPS}
        for _ in range(rounds):
            for name, app in APPS.items():
                loads[name].append(measure(app, bodies, seconds))
        cold = cold_start(picture, rounds)
    load = {name: [asdict(each) for each in several] for name, several in loads.items()}
    return {"load": load, "cold_start_s": cold, "steps_ms": steps(pictures[0], rounds)}


def steps(picture: bytes, rounds: int) -> dict[str, float]:
    """Milliseconds of each step to the answer to a drawing, and to a large photo."""
    recognizer = Recognizer(read_bundle(PRETRAINED / "inkling"))
    image = decode(picture).image
    pixels = preprocess(image).pixels[None]
    photo = large_photo(synthetic.synthetic_strokes(8, np.random.default_rng(0)))
    photographed = decode(photo)
    steps = {
        "decode": lambda: decode(picture),
        "preprocess": lambda: preprocess(image),
        "forward": lambda: recognizer.logits(pixels),
        "decode a 12-megapixel photo": lambda: decode(photo),
        "preprocess it": lambda: preprocess(photographed.image, photographed.scale),
    }
    return {name: milliseconds(step, rounds) for name, step in steps.items()}


def print_serving(report: dict[str, Any]) -> None:
    rounds = len(report["load"]["onnx"])
    click.echo(f"{WORKERS} workers, {CONNECTIONS} connections, best of {rounds} rounds\n")
    best = {name: max(loads, key=itemgetter("rate")) for name, loads in report["load"].items()}
    click.echo(f"{'':22}{'Inkling':>10}{'bare':>10}{'ratio':>8}{'eager torch':>14}{'ratio':>8}")
    for label, field in [
        ("requests per second", "rate"),
        ("p50, ms", "p50"),
        ("p99, ms", "p99"),
        ("MiB per worker, RSS", "resident"),
        ("MiB per worker, PSS", "share"),
        ("failed requests", "failures"),
    ]:
        ours, bare, torch = (best[name][field] for name in ("onnx", "bare", "torch"))
        ratios = [f"{ours / other:8.2f}" if other else " " * 8 for other in (bare, torch)]
        click.echo(f"{label:22}{ours:10,.1f}{bare:10,.1f}{ratios[0]}{torch:14,.1f}{ratios[1]}")
    click.echo(f"\ncold start, import to first answer: {report['cold_start_s']:.2f} s")
    for name, time_taken in report["steps_ms"].items():
        click.echo(f"{name}: {time_taken:.3f} ms")
