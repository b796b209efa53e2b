"""Tesseract, the second reader and both, on the same pages in one run: what they read and what it costs.

    python -m tests.bench.engines DATA [--every N] [--part tune|check] [--cache DIR] [--worst N]

Prints the figures of DESIGN.md's "What is the second reader for?". Receipts are parted by company, books by book,
forms by file. --cache keeps what Tesseract read (and its seconds), so that only the second reader runs anew.
--worst tells how numbers are lost and lists the N pages that lose most: tests/bench/lost.py.

num = share of the truth's numbers (two digits or more) that are read exactly; word = share of its words; CER =
Levenshtein distance of the page's text over its length; CPU = seconds a page, one thread, processes started included.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from engine.config import Config
from engine.ocr.agree import merge
from engine.ocr.both import first_stands, without_specks
from engine.ocr.networks import network, runner
from engine.ocr.paddle import Paddle
from engine.ocr.tesseract import Tesseract, letter_height, to_grey
from engine.page import PageImage, Word
from engine.prepare import prepare
from engine.receive import receive
from tests.bench.datasets import letters
from tests.bench.lost import PageRead, print_lost

NUMBER = re.compile(r"\d[\d.,]*\d")
AMOUNT = re.compile(r"[-−(\[<>~.]*\d(?:[\d.,:/-]*\d)?[-−)\]%]*")
Timed = tuple[tuple[Word, ...], float]


@dataclass(frozen=True)
class Page:
    """A page with its truth in reading order; ``group`` is what must not stand in both parts."""

    set: str
    path: Path
    truth: str
    group: str

    @property
    def part(self) -> str:
        return "check" if zlib.crc32(self.group.encode()) % 2 else "tune"

    def image(self) -> PageImage:
        return prepare(receive(self.path, Config()), 1, Config())


def receipts(data: Path) -> Iterator[Page]:
    for path in sorted((data / "sroie2019" / "gt").glob("*.json")):
        gt = json.loads(path.read_text())
        text = "\n".join(line["text"] for line in gt["lines"])
        group = letters(gt["fields"].get("company") or path.stem)[:12]
        yield Page("receipts", data / "sroie2019" / "docs" / f"{path.stem}.jpg", text, group)


def forms(data: Path) -> Iterator[Page]:
    for path in sorted((data / "funsd" / "gt").glob("*.json")):
        words = [word for entity in json.loads(path.read_text())["entities"] for word in entity["words"]]
        words = sorted((w for w in words if w["text"].strip()), key=lambda w: (w["box"][1] + w["box"][3]) // 2)
        yield Page("forms", data / "funsd" / "docs" / f"{path.stem}.png", in_rows(words), path.stem)


def in_rows(words: Sequence[dict[str, object]]) -> str:
    """Words with pixel boxes as text, row by row."""
    rows: list[list[tuple[int, str]]] = []
    last, high = -1e9, 1.0
    for word in words:
        x0, y0, _, y1 = word["box"]  # type: ignore[misc]
        if (y0 + y1) / 2 - last > 0.5 * min(high, y1 - y0):
            rows.append([])
            last, high = (y0 + y1) / 2, max(y1 - y0, 1)
        rows[-1].append((x0, str(word["text"])))
    return "\n".join(" ".join(text for _, text in sorted(row)) for row in rows)


def books(data: Path) -> Iterator[Page]:
    for path in sorted((data / "oldbooks_otsu300" / "gt").glob("*.json")):
        gt = json.loads(path.read_text())
        file = next((data / "oldbooks_otsu300" / "docs").glob(f"{path.stem}.*"))
        yield Page("books", file, gt["text"], gt["book"])


# ------------------------------------------------------------------------------------------------- measures


def text_of(words: Sequence[Word]) -> str:
    return "\n".join(" ".join(w.text for w in line) for _, line in groupby(words, key=lambda w: w.line))


def numbers(text: str) -> Counter[str]:
    return Counter(n.replace(",", "") for n in NUMBER.findall(text))


def digit_runs(text: str) -> Counter[str]:
    return Counter(re.findall(r"\d{2,}", text))


def tokens(text: str) -> Counter[str]:
    return Counter(t for t in (re.sub(r"^\W+|\W+$", "", t.casefold()) for t in text.split()) if t)


def share(found: Iterable[Counter[str]], truth: Iterable[Counter[str]]) -> float:
    pairs = [((a & b).total(), b.total()) for a, b in zip(found, truth, strict=True)]
    return sum(hit for hit, _ in pairs) / max(sum(n for _, n in pairs), 1)


def error_rate(found: str, truth: str) -> float:
    a, b = (" ".join(text.casefold().split()) for text in (found, truth))
    return min(1.0, Levenshtein.distance(a, b) / max(len(b), 1))


def figures(pages: Sequence[Page], read: Sequence[Timed]) -> str:
    texts = [text_of(words) for words, _ in read]
    nums = share(map(numbers, texts), (numbers(p.truth) for p in pages))
    sure = share((numbers(p.truth) for p in pages), map(numbers, texts))  # of the numbers read, how many are there
    runs = share(map(digit_runs, texts), (digit_runs(p.truth) for p in pages))
    word = share(map(tokens, texts), (tokens(p.truth) for p in pages))
    rate = sum(error_rate(t, p.truth) for t, p in zip(texts, pages, strict=True)) / len(pages)
    shown = f"num {nums:.3f} (precision {sure:.3f})  runs {runs:.3f}  word {word:.3f}  CER {rate:.3f}"
    return f"{shown}  CPU {cpu_of(read):.2f}"


def cpu_of(read: Sequence[Timed]) -> float:
    return sum(seconds for _, seconds in read) / len(read)


def timed(read: Callable[[PageImage], tuple[Word, ...]], image: PageImage) -> Timed:
    before = os.times()
    words = read(image)
    return words, sum(os.times()[:4]) - sum(before[:4])


def kept(cache: Path | None, page: Page, read: Callable[[], Timed]) -> Timed:
    if cache is None:
        return read()
    file = cache / f"{hashlib.sha256(str(page.path).encode()).hexdigest()[:24]}.pkl"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(read()))
    return pickle.loads(file.read_bytes())  # type: ignore[no-any-return]  # noqa: S301 - a file this function wrote


def chosen(data: Path, every: int, part: str | None) -> dict[str, list[Page]]:
    found = {"receipts": list(receipts(data)), "forms": list(forms(data))[::2], "books": list(books(data))[::3]}
    return {name: [p for p in pages if part in (None, p.part)][::every] for name, pages in found.items()}


def agreed_right(pages: Sequence[Page], read: Sequence[Timed]) -> str:
    """Of the numbers and words on which both readers agree, the share that stands in the truth, each as often."""
    shown = []
    for what in (amounts, runs_of_letters):
        truth = [what(page.truth) for page in pages]
        agreed = [what("\n".join(w.text for w in words if w.agreed)) for words, _ in read]
        right, hits = share(truth, agreed), sum((a & b).total() for a, b in zip(truth, agreed, strict=True))
        shown.append(f"{sum(a.total() for a in agreed)} {what.__name__} agreed ({hits} right, {right:.4f};"
                     f" {share(agreed, truth):.3f} of the truth's)")  # fmt: skip
    return "; ".join(shown)


def amounts(text: str) -> Counter[str]:
    """Numbers with the marks beside them that make them others: a leading point, signs, brackets, per cent."""
    return Counter(AMOUNT.findall(text))


def runs_of_letters(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W\d_]{2,}", text.casefold()))


def compare(name: str, pages: Sequence[Page], cache: Path | None, worst: int = 0) -> None:
    images = [page.image() for page in pages]
    first = [kept(cache, p, lambda i=i: timed(SLOW.read, i)) for p, i in zip(pages, images, strict=True)]  # type: ignore[misc]
    second = [timed(Paddle().read, image) for image in images]
    both = [(without_specks(merge(a, b, first_stands)), s + t) for (a, s), (b, t) in zip(first, second, strict=True)]
    print(f"{len(pages)} {name}")
    for way, read in (("Tesseract", first), ("second", second), ("both", both)):
        print(f"  {way:9} {figures(pages, read)}")
    print(f"  {agreed_right(pages, both)}", flush=True)
    if worst:
        heights = [letter_height(to_grey(image.pixels)) for image in images]
        for way, read in (("Tesseract", first), ("both", both)):
            print(f"  {way}")
            texts = (text_of(words) for words, _ in read)
            shown = [PageRead(p.path, p.truth, t, h) for p, t, h in zip(pages, texts, heights, strict=True)]
            print_lost(shown, digit_runs if name == "forms" else numbers, worst)


SLOW = Tesseract(timeout=900)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", choices=("tune", "check"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--worst", type=int, default=0, help="list the pages that lose most")
    options = parser.parse_args()
    print(f"the second reader's networks are run by {runner()}")
    network("detect")  # loaded before the clock runs
    network("recognise")
    for name, pages in chosen(options.data, options.every, options.part).items():
        compare(name, pages, options.cache, options.worst)


if __name__ == "__main__":
    main()
