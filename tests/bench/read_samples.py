"""Samples read once by each OCR engine and kept: tuning fields must not cost an hour of OCR each time.

The store is keyed by the content of the document, of the code that reads and of what a reading is, and by the reader's
name, so a changed reader reads again. Signals are kept as they were: changing them alone reads nothing again.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

from engine.config import Config
from engine.ocr import Ocr
from engine.ocr.agree import merge
from engine.ocr.both import first_stands, without_specks
from engine.ocr.paddle import Paddle
from engine.ocr.tesseract import Tesseract
from engine.page import Reading
from engine.reading import read_page
from engine.receive import receive
from tests.bench.datasets import ROOT, Sample

STORE = ROOT / ".bench" / "readings"
Engine = Literal["tesseract", "paddle"]
READERS: dict[Engine, Ocr] = {"tesseract": Tesseract(), "paddle": Paddle()}
READING_CODE: dict[Engine, tuple[str, ...]] = {
    "tesseract": ("page.py", "ocr/tesseract.py", "prepare.py", "upright.py", "pdf.py"),
    "paddle": (
        "page.py",
        "ocr/paddle.py",
        "ocr/find_lines.py",
        "ocr/read_lines.py",
        "ocr/networks.py",
        "prepare.py",
        "upright.py",
        "pdf.py",
    ),
}


@cache
def code_digest(engine: Engine = "tesseract") -> str:
    code = b"".join((ROOT / "engine" / name).read_bytes() for name in READING_CODE[engine])
    return hashlib.sha256(code + READERS[engine].name.encode()).hexdigest()


def read_samples(
    samples: Sequence[Sample], engine: Engine | Literal["both"] = "tesseract"
) -> dict[tuple[str, str], list[Reading]]:
    """Every sample's pages by OCR alone: a text layer would give the answers away."""
    if engine == "both":
        first, second = read_samples(samples, "tesseract"), read_samples(samples, "paddle")
        return {key: [*map(both, first[key], second[key])] for key in first}
    with ThreadPoolExecutor(2) as workers:
        return {
            (sample.set, sample.id): readings
            for sample, readings in zip(samples, workers.map(lambda s: read_sample(s, engine), samples), strict=True)
        }


def both(first: Reading, second: Reading) -> Reading:
    """What ``--ocr both`` makes of the two."""
    if first.rotation != second.rotation:
        return first
    return replace(first, words=without_specks(merge(first.words, second.words, first_stands)))


def read_sample(sample: Sample, engine: Engine = "tesseract") -> list[Reading]:
    document = hashlib.sha256(sample.path.read_bytes()).hexdigest()
    kept = STORE / f"{document[:24]}-{code_digest(engine)[:16]}.pkl"
    if kept.exists():
        return list(pickle.loads(kept.read_bytes()))  # noqa: S301 - a file this function wrote
    readings = list(_read(sample.path, READERS[engine]))
    STORE.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(readings))
    return readings


def _read(path: Path, reader: Ocr) -> Iterable[Reading]:
    config = Config(route="ocr")
    document = receive(path, config)
    for page in range(1, document.page_count + 1):
        yield read_page(document, page, reader, config)
