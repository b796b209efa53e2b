"""Where the time of reading goes, part by part: the engine (Tesseract alone) and the naive loop, on the same pages.

``python -m tests.bench.read --profile`` prints it: CPU seconds a page, of this process, of the programs it starts and
of the one that opens PDFs. Both ways take turns page by page and are given one thread a Tesseract.

image = the file to pixels (prepare, or pdf2image at 200 dpi); scale = finding the height of letters and bringing them
to it; pack = writing the picture for Tesseract (part of its time: pytesseract writes PNG unless told otherwise);
Mpx = pixels that Tesseract is given.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytesseract
from pdf2image import convert_from_path
from PIL import Image
from pytesseract.pytesseract import save

from engine.config import Config
from engine.measure import page_signals
from engine.ocr.tesseract import SLIP, Tesseract, letter_height, letter_scale, resize, to_grey
from engine.prepare import prepare
from engine.receive import receive
from engine.upright import reads_upright, upright
from tests.bench.costs import cpu, family
from tests.bench.read_items import Item, kinds

PARTS = ("image", "scale", "pack", "Tesseract", "upright", "signals")
Parts = defaultdict[str, float]


def spent() -> float:
    """CPU seconds so far: ours to the microsecond, those of programs that still run to the hundredth."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = sum(cpu(pid) for pid in list(family(os.getpid()))[1:])
    return time.process_time() + ended.ru_utime + ended.ru_stime + running


@contextmanager
def timed(parts: Parts, name: str) -> Iterator[None]:
    before = spent()
    yield
    parts[name] += spent() - before


def engine_page(path: Path, parts: Parts) -> None:
    config, reader = Config(route="ocr"), Tesseract()
    with timed(parts, "image"):
        image = prepare(receive(path, config), 1, config)
    with timed(parts, "scale"):  # once more than the reader does: taken off its time below
        grey = to_grey(image.pixels)
        scaled = resize(grey, letter_scale(letter_height(grey), image.height > SLIP * image.width))
    picture = Image.fromarray(scaled)
    picture.format = "PPM"
    with timed(parts, "pack"), save(picture):
        pass
    parts["Mpx"] += scaled.size / 1e6
    with timed(parts, "reader"):
        words = reader.read(image)
    with timed(parts, "upright"):
        if not reads_upright(words, image):
            image = upright(image, config.lang)
            parts["asked"] += 1
    with timed(parts, "signals"):
        page_signals(image, words)


def naive_page(path: Path, parts: Parts) -> None:
    with timed(parts, "image"):
        image = (
            convert_from_path(path, 200, first_page=1, last_page=1)[0] if path.suffix == ".pdf" else Image.open(path)
        )
        image.load()
    parts["Mpx"] += np.prod(image.size) / 1e6
    with timed(parts, "pack"), save(image):
        pass
    with timed(parts, "reader"):
        pytesseract.image_to_data(image, output_type=pytesseract.Output.DICT)


def print_kind(kind: str, items: list[Item]) -> None:
    ways = {"naive loop": (naive_page, Parts(float)), "engine": (engine_page, Parts(float))}
    for item in items:
        for read, parts in ways.values():
            read(item.path, parts)
    print(f"\n{kind}, {len(items)} pages" + "".join(f"{name:>11}" for name in (*PARTS, "all", "Mpx")))
    for name, (_, parts) in ways.items():
        parts["Tesseract"] = parts["reader"] - parts["scale"] - parts["pack"]
        whole = sum(parts[part] for part in PARTS)
        shown = [*(parts[part] for part in PARTS), whole, parts["Mpx"]]
        print(f"  {name:{len(f'{kind}, {len(items)} pages') - 2}}" + "".join(f"{x / len(items):11.3f}" for x in shown))
    parts = ways["engine"][1]
    signals = parts["signals"] / (parts["image"] + parts["reader"] + parts["upright"])
    print(f"  {parts['asked']:.0f} asked which way up; signals {signals:.1%} of reading", flush=True)


def print_profile(data: Path | None, count: int) -> None:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        found = kinds(data, count, Path(folder))
        first = next(iter(found.values()))[0].path
        for read in (naive_page, engine_page):  # models are loaded and programs started before anything is counted
            read(first, Parts(float))
        for kind, items in found.items():
            print_kind(kind, items)
