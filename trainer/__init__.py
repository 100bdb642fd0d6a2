"""The trainer: recognition, data sets, architectures, training, evaluation, export."""

import os

# From 1.29 on ONNX Runtime tells its maker about each process and model by HTTPS, and writes to
# ~/.cache, unless this is set before it starts.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
