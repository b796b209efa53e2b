"""The ways of reading that tests/bench/read.py compares: each in a process of its own, which loads what it needs.

    python -m tests.bench.read_ways WAY

takes a path a line and answers with a line of JSON: ``{"text", "pages", "signals"}``, the last the CPU seconds of the
engine's signals where it measures them. Prints its name, or why it is not there, first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

os.environ["OMP_THREAD_LIMIT"] = "1"  # for all of them: four threads a page would cost the naive loop 2.5 times as much

Read = Callable[[Path], dict[str, object]]


class NotThere(Exception):
    """What the way needs is not installed."""


def naive() -> tuple[str, Read]:
    import pytesseract
    from pdf2image import convert_from_path, pdfinfo_from_path
    from PIL import Image

    def text(image: Image.Image) -> str:
        rows = pytesseract.image_to_data(image, output_type=pytesseract.Output.DICT)
        return in_lines(rows["text"], zip(rows["block_num"], rows["par_num"], rows["line_num"], strict=True))

    def read(path: Path) -> dict[str, object]:
        if path.suffix != ".pdf":
            with Image.open(path) as image:
                return {"text": text(image), "pages": 1}
        pages = pdfinfo_from_path(path)["Pages"]
        texts = [text(convert_from_path(path, 200, first_page=n, last_page=n)[0]) for n in range(1, pages + 1)]
        return {"text": "\n".join(texts), "pages": pages}

    return "pdf2image at 200 dpi + pytesseract", read


def in_lines(texts: list[str], keys: object) -> str:
    lines: dict[object, list[str]] = {}
    for text, key in zip(texts, keys, strict=True):  # type: ignore[call-overload]
        if text.strip():
            lines.setdefault(key, []).append(text.strip())
    return "\n".join(" ".join(line) for line in lines.values())


def engine(way: str) -> tuple[str, Read]:
    from engine import reading
    from engine.config import Config
    from engine.ocr import Ocr
    from engine.ocr.both import Both
    from engine.ocr.tesseract import Tesseract
    from engine.page import PageImage, Region, Word
    from engine.receive import receive

    ocr: Ocr = Both(Tesseract()) if way == "both" else Tesseract()
    config = Config(route="ocr")

    measure, seconds = reading.page_signals, [0.0]

    def measured(image: PageImage, words: Sequence[Word]) -> tuple[dict[str, float], tuple[Region, ...]]:
        before = time.process_time()
        try:
            return measure(image, words)
        finally:
            seconds[0] += time.process_time() - before

    reading.page_signals = measured

    def read(path: Path) -> dict[str, object]:
        seconds[0] = 0.0
        document = receive(path, config)
        found = [reading.read_page(document, page, ocr, config).words for page in range(1, document.page_count + 1)]
        texts = [in_lines([word.text for word in words], (word.line for word in words)) for words in found]
        return {"text": "\n".join(texts), "pages": document.page_count, "signals": seconds[0]}

    return ocr.name, read


def ocrmypdf() -> tuple[str, Read]:
    program = shutil.which("ocrmypdf")
    if program is None:
        raise NotThere("pip install ocrmypdf")

    def read(path: Path) -> dict[str, object]:
        with tempfile.TemporaryDirectory() as folder:
            side = Path(folder) / "side.txt"
            options = ["--force-ocr", "--jobs", "1", "--output-type", "pdf", "--optimize", "0", "--sidecar", str(side)]
            dpi = [] if path.suffix == ".pdf" else ["--image-dpi", "200"]
            subprocess.run(
                [str(program), *options, *dpi, str(path), f"{folder}/out.pdf"], check=True, stderr=subprocess.DEVNULL
            )
            text = side.read_text("utf-8")
        return {"text": text.replace("\f", "\n"), "pages": max(1, text.count("\f") + 1)}

    return (
        f"OCRmyPDF {subprocess.run([program, '--version'], capture_output=True, text=True, check=True).stdout.strip()}",
        read,
    )


def kreuzberg() -> tuple[str, Read]:
    if not find_spec("kreuzberg"):
        raise NotThere("pip install kreuzberg")
    from kreuzberg import ExtractionConfig, OcrConfig, extract_file_sync

    config = ExtractionConfig(ocr=OcrConfig(backend="tesseract", language="eng"), force_ocr=True, use_cache=False)

    def read(path: Path) -> dict[str, object]:
        return {"text": extract_file_sync(path, config=config).content, "pages": 1}

    return f"kreuzberg {metadata.version('kreuzberg')}", read


def find(way: str) -> tuple[str, Read]:
    others = {"naive": naive, "ocrmypdf": ocrmypdf, "kreuzberg": kreuzberg}
    return others[way]() if way in others else engine(way)


def main(way: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    try:
        name, read = find(way)
    except NotThere as error:
        print(json.dumps({"missing": str(error)}), file=answers, flush=True)
        return
    print(json.dumps({"name": name}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = read(Path(line.strip()))
        except Exception as error:  # noqa: BLE001 - another tool's failure is its result
            answer = {"text": "", "pages": 1, "error": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
