"""The least that answers: Flask, ONNX Runtime, and a small model, as tutorials deploy theirs.

It reads a drawing as they do: scaled to 28×28 and inverted, without finding the digit in it.
"""

import base64
import io

import numpy as np
import onnxruntime
from flask import Flask, jsonify, request
from PIL import Image

from trainer.recognition.bundle import PRETRAINED, read_bundle


def create_app() -> Flask:
    app = Flask(__name__)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = read_bundle(PRETRAINED / "lenet5").model  # 61,706 parameters
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    @app.get("/readyz")
    def ready():
        return "ok"

    @app.post("/api/v1/predict")
    def predict():
        content = base64.b64decode(request.get_json()["image"].partition(",")[2])
        image = Image.open(io.BytesIO(content)).convert("L").resize((28, 28))
        pixels = 255 - np.asarray(image)
        (logits,) = session.run(["logits"], {name: pixels[None, None]})[0]
        exponentials = np.exp(logits - logits.max())
        probabilities = exponentials / exponentials.sum()
        return jsonify(digit=int(probabilities.argmax()), probabilities=probabilities.tolist())

    return app
