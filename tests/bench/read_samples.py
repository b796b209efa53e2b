"""Samples read once by OCR and kept: tuning fields must not cost an hour of OCR each time.

The store is keyed by the content of the document, of the code that reads and of what a reading is, and by the reader's
name, so a changed reader reads again. Signals are kept as they were: changing them alone reads nothing again.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from engine.config import Config
from engine.ocr.tesseract import Tesseract
from engine.page import Reading
from engine.reading import read_page
from engine.receive import receive
from tests.bench.datasets import ROOT, Sample

STORE = ROOT / ".bench" / "readings"
READER = Tesseract()
READING_CODE = ("page.py", "ocr/tesseract.py", "prepare.py", "upright.py", "pdf.py")


@cache
def code_digest() -> str:
    code = b"".join((ROOT / "engine" / name).read_bytes() for name in READING_CODE)
    return hashlib.sha256(code + READER.name.encode()).hexdigest()


def read_samples(samples: Sequence[Sample]) -> dict[tuple[str, str], list[Reading]]:
    """Every sample's pages by OCR alone: a text layer would give the answers away."""
    with ThreadPoolExecutor(2) as workers:
        return {
            (sample.set, sample.id): readings
            for sample, readings in zip(samples, workers.map(read_sample, samples), strict=True)
        }


def read_sample(sample: Sample) -> list[Reading]:
    document = hashlib.sha256(sample.path.read_bytes()).hexdigest()
    kept = STORE / f"{document[:24]}-{code_digest()[:16]}.pkl"
    if kept.exists():
        return list(pickle.loads(kept.read_bytes()))  # noqa: S301 - a file this function wrote
    readings = list(_read(sample.path))
    STORE.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(readings))
    return readings


def _read(path: Path) -> Iterable[Reading]:
    config = Config(route="ocr")
    document = receive(path, config)
    for page in range(1, document.page_count + 1):
        yield read_page(document, page, READER, config)
