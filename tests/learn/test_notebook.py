"""The notebook runs on the slim install, from its first cell to its last, and shows its figures."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT, need

NOTEBOOK = ROOT / "docs" / "learn" / "inkling.ipynb"
TRAINING = (
    *("torch", "torchvision", "safetensors", "matplotlib", "onnx", "onnxscript"),
    *("tensorboard", "torchinfo", "tqdm"),
)
SLIM = f"import sys; sys.modules.update(dict.fromkeys({TRAINING}))  # as if not installed"


def test_the_notebook_is_stored_without_outputs():
    content = NOTEBOOK.read_text("utf-8")
    assert '"outputs": []' in content
    assert content.count('"outputs": []') == content.count('"outputs":')
    assert str(Path.home()) not in content


@pytest.mark.slow
def test_the_notebook_runs_on_the_slim_install_and_few_pictures(monkeypatch, tmp_path):
    there = all(find_spec(name) for name in ("nbclient", "nbformat", "ipykernel"))
    need(there, "nbclient, nbformat or ipykernel is not installed (pip install 'inkling[dev]')")
    import nbclient
    import nbformat

    monkeypatch.setenv("PICTURES", "20")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SLIM))
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=120, resources=where).execute()
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    printed = "".join(each.text for each in outputs if each.output_type == "stream")
    pictures = sum("image/png" in each.get("data", {}) for each in outputs)
    assert pictures == 5
    shares = {
        (way, model): float(share)
        for way, model, share in re.findall(r"(tutorial|MNIST)\S* way +(\w+) +([\d.]+)%", printed)
    }
    assert shares["tutorial", "lenet5"] < 60
    assert shares["MNIST", "lenet5"] > 90
    assert re.search(r"the letter A +lenet5 +a \d", printed)
    assert re.search(r"the letter A +inkling +not a digit", printed)
