"""Sessions of ONNX Runtime."""

from __future__ import annotations

import onnxruntime


def new_session(model: bytes) -> onnxruntime.InferenceSession:
    """Load the content of an ONNX file, to run on one thread of the CPU.

    Create it after forking, since a session does not survive a fork. Raises exceptions of ONNX
    Runtime, which have no common base class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # saves memory: a forward pass needs kilobytes
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
