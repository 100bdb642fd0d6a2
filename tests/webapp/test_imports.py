"""Serving imports neither torch nor the trainer's training code."""

import subprocess
import sys

ANSWER = """
import sys, io
from PIL import Image, ImageDraw
from webapp.app import create_app
from webapp.settings import Settings
image = Image.new("L", (100, 100), 255)
ImageDraw.Draw(image).line([(50, 10), (50, 90)], 0, 8)
file = io.BytesIO()
image.save(file, "PNG")
file.seek(0)
client = create_app(Settings(home="/nonexistent")).test_client()
response = client.post("/api/v1/predict", data={"image": (file, "1.png")})
assert response.get_json()["digit"] == 1, response.data
for path in ("/", "/models/inkling", "/about", "/api/docs", "/metrics"):
    assert client.get(path).status_code == 200
loaded = {name.partition(".")[0] for name in sys.modules}
print(*(loaded & {"torch", "torchvision", "onnx", "onnxscript", "safetensors", "tqdm"}))
"""


def test_serving_imports_nothing_of_torch():
    result = subprocess.run(
        [sys.executable, "-c", ANSWER], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []
