"""What a fresh process loads: neither torch, nor code from the wrong side."""

import ast
import subprocess
import sys
from pathlib import Path

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


def imported_modules(package: str) -> set[tuple[str, str]]:
    found = set()
    for file in Path(package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {(str(file), node.module)}
                found |= {(str(file), f"{node.module}.{alias.name}") for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {(str(file), alias.name) for alias in node.names}
    return found


def test_the_trainer_imports_nothing_of_the_webapp():
    assert [m for m in imported_modules("trainer") if m[1].startswith("webapp")] == []


def test_the_webapp_imports_only_the_torch_free_part_of_the_trainer():
    names = ("__version__", "atomic", "data", "errors", "paths", "recognition", "training.recipes")
    allowed = tuple(f"trainer.{name}" for name in names)
    ours = [m for m in imported_modules("webapp") if m[1].startswith("trainer.")]
    assert ours
    assert [m for m in ours if not m[1].startswith(allowed)] == []
