"""Imports what a serving process imports, as the image is built, so that Python keeps it compiled.

The rest would take 14 MB more, and is compiled whenever it is needed.
"""

import io

import gunicorn.app.wsgiapp  # noqa: F401
import psycopg  # noqa: F401
from PIL import Image, ImageDraw

from trainer.recognition.image import FORMATS
from webapp import cli, gunicorn_logger, gunicorn_worker, master  # noqa: F401
from webapp.app import create_app

cli.main(["db", "upgrade"], standalone_mode=False)
picture = Image.new("L", (100, 100), 255)
ImageDraw.Draw(picture).line([(50, 10), (50, 90)], 0, 8)
client = create_app().test_client()
for path in ("/", "/readyz", "/metrics", "/admin/login"):
    assert client.get(path).status_code == 200, path  # noqa: S101
for kind in (*FORMATS, "AVIF"):
    file = io.BytesIO()
    picture.save(file, kind)
    content_type = f"image/{kind.lower()}"
    answer = client.post("/api/v1/predict", data=file.getvalue(), content_type=content_type)
    assert answer.status_code == 200, (kind, answer.data)  # noqa: S101
