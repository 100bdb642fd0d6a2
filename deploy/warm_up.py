"""Imports what a serving process imports, as the image is built, so that Python keeps it compiled.

The rest would take 14 MB more, and is compiled whenever it is needed.
"""

import io

import gunicorn.app.wsgiapp  # noqa: F401
import psycopg  # noqa: F401
from PIL import Image, ImageDraw

from webapp import cli, gunicorn_logger, gunicorn_worker, master  # noqa: F401
from webapp.app import create_app

cli.main(["db", "upgrade"], standalone_mode=False)
picture, file = Image.new("L", (100, 100), 255), io.BytesIO()
ImageDraw.Draw(picture).line([(50, 10), (50, 90)], 0, 8)
picture.save(file, "PNG")
client = create_app().test_client()
for path in ("/", "/readyz", "/metrics", "/admin/login"):
    assert client.get(path).status_code == 200, path  # noqa: S101
answer = client.post("/api/v1/predict", data=file.getvalue(), content_type="image/png")
assert answer.status_code == 200, answer.data  # noqa: S101
