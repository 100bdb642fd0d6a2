"""The command `predict`: read the digits in image files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from trainer.cli.main import DEFAULT_BUNDLE, PATH, json_option
from trainer.recognition.bundle import read_bundle
from trainer.recognition.image import PictureError, decode
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--bundle",
    type=PATH,
    default=DEFAULT_BUNDLE,
    show_default="the one shipped with Inkling",
    help="Folder of the bundle.",
)
@json_option
def predict(files: tuple[Path, ...], bundle: Path, as_json: bool) -> None:
    """Predict the digit in each image FILE.

    Exits with status 1 if any image could not be read.
    """
    recognizer = Recognizer(read_bundle(bundle))
    failed = False
    for file in files:
        try:
            picture = decode(file.read_bytes())
            prediction = recognizer.read(picture.image, picture.scale)
        except (OSError, PictureError, EmptyDrawing) as error:
            failed = True
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            if as_json:
                click.echo(json.dumps({"file": str(file), "error": reason}))
            else:
                click.echo(f"{file}: {reason}", err=True)
            continue
        probabilities = [round(float(p), 6) for p in prediction.probabilities]
        if as_json:
            result = {
                "file": str(file),
                "digit": prediction.digit,
                "confidence": prediction.confidence,
            }
            result |= {"is_digit": prediction.is_digit, "probabilities": probabilities}
            click.echo(json.dumps(result))
        else:
            listed = "  ".join(f"{digit}:{p:.1%}" for digit, p in enumerate(probabilities))
            doubt = "" if prediction.is_digit else "  (perhaps not a digit)"
            click.echo(f"{file}: {prediction.digit}{doubt}  {listed}")
    sys.exit(1 if failed else 0)
