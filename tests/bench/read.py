"""Reading: how letters are best given to Tesseract, and whether turned pages are found.

    python -m tests.bench.read DATA [--every N]

Prints the figures of DESIGN.md's "Why is a page scaled before OCR?" and "Why not Tesseract's own orientation
detection?". --every N takes each Nth document.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from engine.config import Config
from engine.errors import EngineError
from engine.ocr.tesseract import (
    LAYOUT,
    ONE_BLOCK,
    Tesseract,
    letter_height,
    letter_scale,
    resize,
    rows_to_words,
    to_grey,
)
from engine.page import PageImage
from engine.prepare import prepare
from engine.receive import receive
from engine.upright import find_turn

SETS = ("sroie2019", "funsd", "vrdu_fara", "vrdu_adbuy", "oldbooks_otsu300", "htr_tapuscorpus_typed")


WAYS = (
    ("as they are, layout", LAYOUT, False),
    ("scaled, layout", LAYOUT, True),
    ("as they are, one block", ONE_BLOCK, False),
    ("scaled, one block", ONE_BLOCK, True),
)


def receipts(data: Path, every: int) -> Iterator[tuple[PageImage, str, list[str]]]:
    for path in sorted((data / "sroie2019" / "gt").glob("*.json"))[::every]:
        gt = json.loads(path.read_text())
        image = prepare(receive(data / "sroie2019" / "docs" / f"{path.stem}.jpg", Config()), 1, Config())
        numbers = [n for line in gt["lines"] for n in re.findall(r"\d[\d.,]*\d", line["text"])]
        yield image, re.sub(r"[^\d.]", "", gt["fields"]["total"]), [n.replace(",", "") for n in numbers]


def numbers_read(image: PageImage, mode: int, scaled: bool) -> set[str]:
    grey = to_grey(image.pixels)
    height = letter_height(grey)
    scale = letter_scale(height, slip=True) if scaled else 1.0
    reader = Tesseract()
    dpi = round((height or 14) * 72 / 6.5 * scale)
    words = rows_to_words(reader._run(resize(grey, scale), f"--psm {mode} --dpi {min(max(dpi, 70), 2400)}", 1))
    return {n.replace(",", "").strip(".") for w in words for n in re.findall(r"\d[\d.,]*", w.text)}


def print_scaling(data: Path, every: int) -> None:
    items = list(receipts(data, every))
    print(f"{len(items)} receipts               total   numbers")
    for name, mode, scaled in WAYS:
        with ThreadPoolExecutor(2) as workers:
            found = list(workers.map(lambda item: numbers_read(item[0], mode, scaled), items))  # noqa: B023
        totals = sum(total in read for (_, total, _), read in zip(items, found, strict=True))
        hits = sum(n in read for (_, _, numbers), read in zip(items, found, strict=True) for n in numbers)
        print(f"  {name:24} {totals / len(items):.3f}   {hits / sum(len(i[2]) for i in items):.3f}")


def turns(path: Path) -> Sequence[tuple[int, int]]:
    """(turn needed, turn found) for a page as it is and turned by a quarter, a half and three quarters."""
    try:
        image = prepare(receive(path, Config()), 1, Config())
    except EngineError:
        return ()
    return [(90 * k, find_turn(np.ascontiguousarray(np.rot90(image.pixels, k)))) for k in range(4)]


def print_turns(data: Path, every: int) -> None:
    paths = [path for name in SETS for path in sorted((data / name / "docs").iterdir())[:: 4 * every]]
    with ThreadPoolExecutor(2) as workers:
        found = [pair for pairs in workers.map(turns, paths) for pair in pairs]
    upright = [got for needed, got in found if needed == 0]
    turned = [(needed, got) for needed, got in found if needed]
    print(f"{len(upright)} upright pages: {sum(got != 0 for got in upright)} turned by mistake")
    print(f"{len(turned)} turned pages: {sum(a == b for a, b in turned)} found, {sum(b == 0 for _, b in turned)} left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    print_scaling(options.data, options.every)
    print_turns(options.data, options.every)


if __name__ == "__main__":
    main()
