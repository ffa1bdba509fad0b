"""Running TensorFlow Lite and ONNX models on the CPU, with numpy in and out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

THREADS = max(1, min(4, (os.cpu_count() or 1)))


class LiteModel:
    """A .tflite file. Build it in `setup`: litert is imported here, not at the module's top."""

    def __init__(self, path: Path, threads: int = THREADS) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._inputs = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the first input, batch first."""
        return tuple(int(n) for n in self._inputs[0]["shape"])

    def __call__(self, array: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return copies of all outputs, in the model's order, for one float32 input."""
        self._interpreter.set_tensor(self._inputs[0]["index"], np.ascontiguousarray(array, np.float32))
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_tensor(o["index"])) for o in self._outputs]


def onnx_session(model: Path | bytes, threads: int = THREADS) -> Any:
    """Return an onnxruntime session on the CPU whose threads sleep while they wait, and leave the cores to others."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxModel:
    """An .onnx file, or what one holds. Build it in `setup`: onnxruntime is imported here, not at the module's top."""

    def __init__(self, model: Path | bytes, threads: int = THREADS) -> None:
        self._session = onnx_session(model, threads)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, array: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return all outputs for one float32 input."""
        return [np.asarray(o) for o in self._session.run(None, {self._input: np.ascontiguousarray(array, np.float32)})]
