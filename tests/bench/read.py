"""Reading: what a page costs, and what is read of it, against the naive loop and other tools in one run.

    python -m tests.bench.read [--data DATA] [--pages N] [--profile] [--memory short|long|none] [--all [--every N]]

Each way is a process of its own; every document goes through all of them, in turning order, before the next one does.
CPU and memory are those of the process and all that it starts. Without DATA the bundled fixtures are read, whose truth
is their expected values; with it N receipts, forms and book pages that were not tuned to, the books also as PDF.
OCRmyPDF and kreuzberg are measured where they are installed. Then memory as a file grows: tests/bench/memory.py.

--profile prints instead where the time goes, part by part: tests/bench/read_profile.py.

--all adds how letters are best given to Tesseract, and whether turned pages are found: the figures of DESIGN.md's
"Why is a page scaled before OCR?" and "Why not Tesseract's own orientation detection?" (needs DATA).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

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
from tests.bench.costs import Peak, cpu
from tests.bench.datasets import ROOT
from tests.bench.engines import digit_runs, error_rate, numbers, share, tokens
from tests.bench.memory import print_memory
from tests.bench.read_items import Item, kinds
from tests.bench.read_profile import print_profile
from tests.making import page_of_print

NAMES = {"naive": "naive loop", "engine": "engine", "both": "engine, both", "ocrmypdf": "OCRmyPDF",
         "kreuzberg": "kreuzberg"}  # fmt: skip


@dataclass
class Way:
    """A running way of reading, and what it read of a kind of documents."""

    key: str
    process: subprocess.Popen[str]
    peak: Peak
    texts: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    signals: list[float] = field(default_factory=list)
    pages: int = 0

    def read(self, path: Path) -> None:
        before = cpu(self.process.pid)
        answer = self.ask(path)
        self.seconds.append(cpu(self.process.pid) - before)
        self.texts.append(answer["text"])
        self.signals.append(answer.get("signals", 0.0))
        self.pages += answer["pages"]

    def ask(self, path: Path) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(path, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{NAMES[self.key]}: its process died at {path}")
        answer = dict(json.loads(line))
        if "error" in answer:
            print(f"{NAMES[self.key]} failed at {path.name}: {answer['error'][:120]}")
        return answer


def start(stack: ExitStack) -> list[Way]:
    found = []
    for key, shown in NAMES.items():
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tests.bench.read_ways", key],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
            )
        )  # fmt: skip
        stack.callback(process.kill)  # some tools do not end by themselves
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        if "missing" in told:
            print(f"{shown}: not installed, not measured ({told['missing']})")
            continue
        print(f"{shown}: {told['name']}")
        found.append(Way(key, process, stack.enter_context(Peak(process.pid))))
    return found


def measure(kind: str, items: Sequence[Item], ways: Sequence[Way]) -> None:
    for way in ways:
        way.texts, way.seconds, way.signals, way.pages = [], [], [], 0
    for i, item in enumerate(items):
        for way in ways if i % 2 else reversed(ways):
            way.read(item.path)
    pages = next(way.pages for way in ways if way.key == "naive")
    base = next(way.seconds for way in ways if way.key == "naive")
    print(f"\n{kind}: {pages} pages      CPU s a page   times the naive loop (10-90 %)   numbers  words    CER")
    for way in ways:
        own = [seconds - signals for seconds, signals in zip(way.seconds, way.signals, strict=True)]
        times = [a / b for a, b in zip(base, own, strict=True)]
        low, *_, high = quantiles(times, n=10) if len(times) > 1 else times * 2
        speed = f"{sum(base) / sum(own):.2f} ({low:.2f}-{high:.2f})"
        print(f"  {NAMES[way.key]:18}{'':9}{sum(own) / pages:10.2f}   {speed:30}   {quality(items, way.texts)}")
    for way in ways:
        if way.key == "engine":
            signals = sum(way.signals)
            part = signals / (sum(way.seconds) - signals)
            print(f"  signals: {signals / pages:.3f} CPU s a page more, {part:.1%} of reading", flush=True)


def quality(items: Sequence[Item], texts: Sequence[str]) -> str:
    if items[0].partial:
        return f"{share(map(digits, texts), (digits(i.truth) for i in items)):.3f}    –        –"
    nums = share(map(numbers, texts), (numbers(i.truth) for i in items))
    runs = share(map(digit_runs, texts), (digit_runs(i.truth) for i in items))
    word = share(map(tokens, texts), (tokens(i.truth) for i in items))
    rate = fmean(error_rate(text, item.truth) for text, item in zip(texts, items, strict=True))
    return f"{nums:.3f}    {word:.3f}    {rate:.3f}   (digit runs {runs:.3f})"


def digits(text: str) -> Counter[str]:
    """Amounts as their digits alone: the fixtures' truth knows no separators of thousands."""
    return Counter(re.sub(r"\D", "", n).rstrip("0") for n in re.findall(r"\d[\d.,' ]*[.,]\d+", text))


def compare(data: Path | None, count: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ways = start(stack)
        page_of_print().save(folder / "first.png")
        for way in ways:  # models are loaded and programs started before anything is counted
            way.ask(folder / "first.png")
        for kind, items in kinds(data, count, folder).items():
            measure(kind, items, ways)
        print("\npeak memory (MB): " + ", ".join(f"{NAMES[way.key]} {way.peak.mb:.0f}" for way in ways))


# ---------------------------------------------------------------------------- scaling and turning

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
    options = f"--psm {mode} --dpi {min(max(dpi, 70), 2400)}"
    words = rows_to_words(reader._run(resize(grey, scale), options, 1))
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
    parser.add_argument("--data", type=Path)
    parser.add_argument("--pages", type=int, default=8, help="of each kind")
    parser.add_argument("--profile", action="store_true", help="where the time goes, and nothing else")
    parser.add_argument("--memory", choices=("short", "long", "none"), default="short", help="long: 600 scanned pages")
    parser.add_argument("--all", action="store_true", help="scaling and turning too")
    parser.add_argument("--every", type=int, default=1, help="with --all: each Nth document")
    options = parser.parse_args()
    if options.all and options.data is None:
        parser.error("--all needs --data")
    if options.profile:
        print_profile(options.data, options.pages)
        return
    compare(options.data, options.pages)
    if options.memory != "none":
        print_memory(options.memory == "long")
    if options.all:
        print_scaling(options.data, options.every)
        print_turns(options.data, options.every)


if __name__ == "__main__":
    main()
