"""The second reader's two networks and how they are run: ONNX Runtime where it is installed, else OpenCV.

Both give the same numbers (to 1e-4). ONNX Runtime takes half the time, one thread a call: pages are what is read in
parallel. OpenCV (5: the importer of 4.x does not take these networks) is there anyway; how many threads it takes is a
setting of the whole process, and so its caller's. The files come from PP-OCRv6 tiny by
``tests/bench/second_ocr_models.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]
Network = Callable[[Tensor], Tensor]


@lru_cache(maxsize=2)
def network(name: Literal["detect", "recognise"]) -> Network:
    """A function from a batch (N, 3, H, W) to the network's output; several threads may call it at once."""
    model = resources.files("engine.ocr").joinpath("models", f"{name}.onnx").read_bytes()
    return _by_onnxruntime(model) if find_spec("onnxruntime") else _by_opencv(model)


@lru_cache(maxsize=1)
def characters() -> tuple[str, ...]:
    """What the recogniser's classes stand for; the first is "no letter" and is empty."""
    lines = resources.files("engine.ocr").joinpath("models", "characters.txt").read_text("utf-8")
    return tuple(lines.removesuffix("\n").split("\n"))


def runner() -> str:
    return "onnxruntime" if find_spec("onnxruntime") else "opencv"


def _by_onnxruntime(model: bytes) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps what the largest page ever took
    options.enable_mem_pattern = False  # plans a block for every size of line there ever was
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda batch: np.asarray(session.run(None, {name: batch})[0], dtype=np.float32)


def _by_opencv(model: bytes) -> Network:
    own = threading.local()  # a network of OpenCV holds its last input: one a thread

    def run(batch: Tensor) -> Tensor:
        if not hasattr(own, "net"):
            own.net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        net: Any = own.net
        net.setInput(batch)
        return np.array(net.forward(), dtype=np.float32)

    return run
