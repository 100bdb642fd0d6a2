"""Builds the container images with buildah, starts the site's command, and asks it for a digit.

`make test-image`, as root on Debian with `apt install buildah debootstrap`. Nothing but the servers
of Debian's and Python's packages is needed: debootstrap makes the base, and buildah works in a
chroot. With `ARGS=--worker` it builds the worker's image as well, which takes 25 GB of disk with
the usual PyTorch, and lets it retrain on corrections that the site was told. Where $INKLING_DATA is
set, the worker finds its data sets there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np

from tests.deploy.retrained import TOKEN, retrained

ROOT = Path(__file__).resolve().parents[2]
BASE = "localhost/inkling-base:2"
"""Made once; its tag changes with `make_base`."""
SUITE = "bookworm"
USER = 10001
"""That of the images."""
LIMIT_MB = 450
"""Unpacked; 448 today. OpenCV, NumPy and ONNX Runtime take 245 of them, Debian with Python 120."""
PIP_SETTINGS = ("/etc/pip.conf", "/etc/xdg/pip")
"""Where a machine may have its own settings for pip, which also hold in the build. Folders that
they name are listed in $PIP_FOLDERS, with `:` between them."""
CERTIFICATES, IN_THE_BUILD = "/etc/ssl/certs/ca-certificates.crt", "/etc/inkling-certificates"
_LEFT_OUT = (
    *("dev", "var/cache/apt", "var/lib/apt/lists"),
    *("usr/share/info", "usr/share/locale", "usr/share/man"),
)


def buildah(*arguments: str, capture: bool = False) -> str:
    """Run a command of buildah; return what it prints if that is captured."""
    command = ["buildah", *arguments]
    output = subprocess.PIPE if capture else None
    done = subprocess.run(command, check=True, text=True, stdout=output)
    return done.stdout.strip() if capture else ""


def make_base(folder: Path) -> None:
    """Commit Debian's smallest system as an image, once."""
    images = buildah("images", "--format", "{{.Name}}:{{.Tag}}", capture=True)
    if BASE in images.split():
        return
    tree = folder / "base"
    if not (tree / "etc/debian_version").exists():
        mode = os.stat(os.devnull).st_mode
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(tree)], check=True)
        os.chmod(os.devnull, mode)  # where it cannot make devices, it changes those of the machine
    # As Debian's own slim image: without translations, and with licences alone as documentation.
    documentation = ["-mindepth", "2", "!", "-type", "d", "!", "-name", "copyright"]
    subprocess.run(["find", str(tree / "usr/share/doc"), *documentation, "-delete"], check=True)
    left_out = [f"--exclude=./{place}/*" for place in _LEFT_OUT]
    archive = folder / "base.tar"
    command = ["tar", "--one-file-system", *left_out, "-C", str(tree), "-cf", str(archive), "."]
    subprocess.run(command, check=True)
    container = buildah("from", "scratch", capture=True)
    buildah("add", "--quiet", container, str(archive), "/")
    buildah("commit", "--quiet", "--rm", container, BASE)


def build(target: str) -> str:
    """Build a target of the Containerfile; return the name of its image."""
    name = f"localhost/inkling-{target}"
    named = filter(None, os.environ.get("PIP_FOLDERS", "").split(":"))
    places = [each for each in (*PIP_SETTINGS, *named) if Path(each).exists()]
    volumes = [f"--volume={each}:{each}:ro" for each in places]
    volumes += [f"--volume={CERTIFICATES}:{IN_THE_BUILD}:ro"]
    options = ["--isolation=chroot", "--format=docker", "--layers", f"--build-arg=BASE={BASE}"]
    options += [f"--build-arg=PIP_CERT={IN_THE_BUILD}"]
    if (index := os.environ.get("TORCH_INDEX")) is not None:  # empty where pip finds torch itself
        options += [f"--build-arg=TORCH_INDEX={index}"]
    buildah("build", *options, *volumes, "--target", target, "--tag", name, str(ROOT))
    return name


def megabytes(image: str) -> float:
    """The size of an image, unpacked, in MB."""
    images = json.loads(buildah("images", "--json", image, capture=True))
    number, unit = re.fullmatch(r"([\d.]+) ?([KMG]B)", images[0]["size"]).groups()
    return float(number) * {"KB": 1e-3, "MB": 1, "GB": 1e3}[unit]


def without_licence(image: str) -> list[str]:
    """The packages of Debian in an image whose licence is not there."""
    container = buildah("from", image, capture=True)
    look = """
        dpkg-query --show --showformat '${Package}\\n' | while read -r name; do
            test -s "/usr/share/doc/$name/copyright" || echo "$name"
        done"""
    found = buildah("run", "--isolation=chroot", container, "--", "sh", "-c", look, capture=True)
    buildah("rm", container, capture=True)
    return found.split()


def trusts_servers(image: str) -> bool:
    """Whether an image has certificates, without which Python downloads nothing."""
    container = buildah("from", image, capture=True)
    look = f"test -s {CERTIFICATES} && echo yes || echo no"
    found = buildah("run", "--isolation=chroot", container, "--", "sh", "-c", look, capture=True)
    buildah("rm", container, capture=True)
    return found == "yes"


@contextmanager
def started(image: str, *options: str) -> Iterator[tuple[int, float]]:
    """Run the image's own command as its own user; yield the port, and when it began.

    `options` are further ones of `buildah run`.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    container = buildah("from", image, capture=True)
    described = json.loads(buildah("inspect", "--type=image", image, capture=True))
    command = described["OCIv1"]["config"]["Cmd"]
    began = time.monotonic()
    run = ["buildah", "run", "--isolation=chroot", f"--env=PORT={port}", *options]
    process = subprocess.Popen([*run, container, "--", *command])
    try:
        yield port, began
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(40)
        process.kill()
        buildah("rm", container, capture=True)


def answer_of(port: int, seconds: float = 60) -> dict[str, object]:
    """The answer to a drawn 7, as soon as there is one."""
    canvas = np.full((140, 140), 255, np.uint8)
    cv2.polylines(canvas, [np.array([[35, 30], [100, 30], [65, 115]])], False, 0, 9, cv2.LINE_AA)
    picture = cv2.imencode(".png", canvas)[1].tobytes()
    url = f"http://127.0.0.1:{port}/api/v1/predict"
    request = urllib.request.Request(url, picture, {"Content-Type": "image/png"})
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def let_retrain(site: str, worker: str, database: str) -> None:
    """Start both images on one database, and let the worker retrain on corrections.

    Without a `database` they share a home folder with SQLite's file; otherwise they share nothing
    else. Exits if the run does not end with a verdict.
    """
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder, "home")] * 2
        if database:
            homes = [Path(folder, "site"), Path(folder, "worker")]
        for home in homes:
            home.mkdir(exist_ok=True)
            os.chown(home, USER, USER)
        own = [f"--volume={home}:/var/lib/inkling" for home in homes]
        environment = [f"--env=INKLING_DATABASE_URL={database}"]
        data = os.environ.get("INKLING_DATA")
        there = [f"--volume={Path(data).resolve()}:/var/lib/inkling/data:ro"] if data else []
        token = f"--env=INKLING_ADMIN_TOKEN={TOKEN}"
        with started(site, own[0], *environment, token) as (port, _began):
            answer_of(port)
            with started(worker, own[1], *environment, *there):
                run = retrained(f"http://127.0.0.1:{port}")
    if (verdict := run["verdict"]) is None:
        sys.exit(f"the run {run['state']} without a verdict: {run['error']}")
    measured = ", ".join(f"{row['data']} {row['pictures']}" for row in verdict["rows"])
    took = sum(run["progress"]["took"].values())
    print(f"run {run['state']} after {took:.0f} s: {verdict['reason']}; measured: {measured}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp/inkling-image"))
    parser.add_argument(
        "--worker", action="store_true", help="build the worker's image too, and let it retrain"
    )
    parser.add_argument(
        "--database", default="", help="PostgreSQL's URL for that; else SQLite in a shared folder"
    )
    options = parser.parse_args()
    missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        sys.exit(f"make test-image runs as root, and needs {' and '.join(missing) or 'that'}")
    options.folder.mkdir(parents=True, exist_ok=True)
    make_base(options.folder)
    image = build("web")
    size = megabytes(image)
    if packages := without_licence(image):
        sys.exit(f"no licence in {image}: {', '.join(packages)}")
    with started(image) as (port, began):
        digit = answer_of(port)["digit"]
        took = time.monotonic() - began
    print(f"{image}: {size:.0f} MB; first answer ({digit}) after {took:.1f} s")
    if options.worker:
        worker = build("worker")
        print(f"{worker}: {megabytes(worker):.0f} MB")
        if not trusts_servers(worker):
            sys.exit(f"no certificates in {worker}: data sets cannot be downloaded")
        let_retrain(image, worker, options.database)
    if digit != 7 or size > LIMIT_MB:
        sys.exit(f"expected a 7 from an image of at most {LIMIT_MB} MB")


if __name__ == "__main__":
    main()
