"""The ink guard: true texts of real pages must have room in their ink, inventions on nearly empty pages must not.

    python -m tests.bench.ink_guard DATA

Printed, typed and handwritten pages below DATA claim their whole true text, with and without what OCR read there, at
full size and shrunk. Sheets with nothing to read on them (dust, noise, rules, a page number, a stain, punch holes,
print shining through) claim as many letters as a receipt or an invoice has in its fields.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.claim import Claim
from engine.ink_guard import ink_findings, letters_possible
from engine.measure import page_signals
from engine.page import PageImage, Pixels, Reading, Word
from tests.bench.fields import wilson
from tests.bench.route import SCANS, WRITTEN, true_text
from tests.bench.tables import Item, views
from tests.making import page_of_print

SIZE = (1240, 1754)  # a sheet at 150 dpi
WIDTHS = (1000, 450)
CLAIMED = (50, 100, 200, 400)
SHEETS = 5


def true_pages(data: Path) -> Iterator[tuple[str, Pixels, tuple[Word, ...], str]]:
    """Set, working image, what OCR read, true text."""
    for name in SCANS + WRITTEN:
        for path in sorted((data / name / "docs").iterdir()):
            truth = data / name / "gt" / f"{path.stem}.json"
            view = views(Item(name, path, 1, None, None)).get("ocr") if truth.exists() else None
            if view is not None and (text := true_text(json.loads(truth.read_text()))):
                yield name, view.image.pixels, view.words, text


def reading_of(pixels: Pixels) -> Reading:
    """A page of which no word was read."""
    image = PageImage(1, pixels, None)
    signals, regions = page_signals(image, ())
    return Reading(1, image.width, image.height, signals=signals, regions=regions)


def accused(reading: Reading, text: str) -> bool:
    return bool(ink_findings([reading], [Claim("/text", text, text, 1, None, 0.9, "vlm")]))


# ------------------------------------------------------------------------------------------------ empty sheets


def sheets(seed: int) -> Iterator[tuple[str, Pixels]]:
    """Sheets on which nothing can be read, each kind drawn anew for a seed."""
    draw = np.random.default_rng(seed)
    white = np.full(SIZE[::-1], 250, np.uint8)
    yield "white", white
    yield "noise", np.clip(draw.normal(235, 9, white.shape), 0, 255).astype(np.uint8)
    dust = white.copy()
    for x, y, r in zip(
        draw.integers(30, 1210, 200), draw.integers(30, 1720, 200), draw.integers(1, 4, 200), strict=True
    ):
        cv2.circle(dust, (int(x), int(y)), int(r), int(draw.integers(0, 120)), -1)
    yield "dust", dust
    ruled = white.copy()
    for y in range(200, 1700, 60):
        cv2.line(ruled, (90, y), (1150, y), 90, 2)
    yield "ruled", ruled
    number = Image.fromarray(white.copy())
    ImageDraw.Draw(number).text((610, 1660), str(draw.integers(2, 99)), fill=0, font=ImageFont.load_default(28))
    yield "page number", np.asarray(number, dtype=np.uint8)
    stain = white.astype(float)
    spot = np.zeros(white.shape, np.uint8)
    cv2.circle(spot, (int(draw.integers(300, 900)), int(draw.integers(300, 1400))), 220, 255, 18)
    stain -= cv2.GaussianBlur(spot, (31, 31), 0) * 0.4
    yield "stain", np.clip(stain, 0, 255).astype(np.uint8)
    holes = white.copy()
    for y in (400, 877, 1354):
        cv2.circle(holes, (60, y + int(draw.integers(-20, 20))), 22, 20, -1)
    yield "punch holes", holes
    back = np.asarray(page_of_print(*SIZE), dtype=float)[:, ::-1]
    yield "print shining through", (250 - (255 - cv2.GaussianBlur(back, (7, 7), 0)) * 0.06).astype(np.uint8)


# ------------------------------------------------------------------------------------------------ printed


def row(name: str, hits: Sequence[bool], told: str = "") -> None:
    low, high = wilson(sum(hits), len(hits))
    print(f"  {name:40} {len(hits):5} {sum(hits):6}   {sum(hits) / len(hits):7.1%}  {low:.1%} to {high:.1%}  {told}")


def print_true(data: Path) -> None:
    print(f"whole true text claimed{'':19} pages accused     share  95 % interval   letters a room: median, most")
    found = list(true_pages(data))
    for width in WIDTHS:
        hits: dict[str, list[tuple[bool, bool, float]]] = defaultdict(list)
        for name, pixels, words, text in found:
            alone, letters = reading_of(shrunk(pixels, width)), sum(map(str.isalnum, text))
            both = accused(replace(alone, words=words), text)
            hits[name].append((both, accused(alone, text), letters / max(letters_possible(alone), 1.0)))
        for name, rows in hits.items():
            told = f"{np.median([r for *_, r in rows]):.2f}, {max(r for *_, r in rows):.2f}"
            row(f"{width} px, {name}", [alone for _, alone, _ in rows], told)
        every = [r for rows in hits.values() for r in rows]
        row(f"{width} px, all, by ink alone", [alone for _, alone, _ in every])
        row(f"{width} px, all, by ink or OCR", [both for both, *_ in every])


def shrunk(pixels: Pixels, width: int) -> Pixels:
    if pixels.shape[1] <= width:
        return pixels
    size = (width, round(pixels.shape[0] * width / pixels.shape[1]))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def print_empty() -> None:
    print(f"letters claimed of empty sheets{'':11} sheets caught     share  95 % interval   room")
    read: dict[str, list[Reading]] = defaultdict(list)
    for seed in range(SHEETS):
        for kind, pixels in sheets(seed):
            read[kind].append(reading_of(pixels))
    for count in CLAIMED:
        text = ("invented" * count)[:count]
        for kind, readings in read.items():
            room = f"{np.median([letters_possible(reading) for reading in readings]):.0f}"
            row(f"{count} letters, {kind}", [accused(reading, text) for reading in readings], room)
        row(f"{count} letters, all", [accused(reading, text) for readings in read.values() for reading in readings])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    print_true(options.data)
    print_empty()


if __name__ == "__main__":
    main()
