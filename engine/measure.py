"""The signals of a page: what its pixels and words tell about handwriting, tables, layout and damage.

Pure arithmetic on one upright page. ``handwriting`` is the probability of :mod:`engine.handwriting`, which looks at
the ink alone; ``table`` that of :mod:`engine.table_signal`, from ink and words; ``read_share`` the share of words that
were read right, as :mod:`engine.read_share` estimates it; ``room`` (letters there is ink for) and ``words``
are counts; the others are shares from 0 to 1 that say what they count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median

import cv2
import numpy as np

from engine.handwriting import handwriting
from engine.ink import Counts, PageInk, components, page_ink, percentile, to_grey
from engine.page import Box, PageImage, Pixels, Region, Word
from engine.read_share import read_share
from engine.table_signal import TableSignal, saturate, table_signal

WORKING_WIDTH = 1000  # px; wide enough for strokes, small enough to cost a few milliseconds
BLANK_INK = 0.0005  # share of dark pixels below which nothing is printed on a page
Numbers = dict[str, float]


def page_signals(image: PageImage, words: Sequence[Word]) -> tuple[dict[str, float], tuple[Region, ...]]:
    """All signals of a page, and the regions they come from."""
    image = replace(image, pixels=to_grey(image.pixels))
    grey, ink, features = page_features(image, words)
    written, written_at = handwriting(image)  # finds a pencil's strokes where the ink counted above is none
    table = TableSignal(0.0, 0.0, ()) if is_blank(features) else table_signal(grey, words, ink)
    signals = {
        "handwriting": written,
        "table": table.probability,
        "layout": layout_complexity(features),
        "degradation": degradation(grey, features),
        "ink": features["ink"],
        "room": features["room"],
        "script": features["plausible"],
        "ocr_confidence": features["confidence"],
        "read_share": read_share(features),
        "columns": table.columns,
        "unread_ink": features["unread"],
        "words": float(len(words)),
    }
    signals = {name: round(value, 4) for name, value in signals.items()}
    return signals, regions(table, words) + written_at


def page_features(image: PageImage, words: Sequence[Word]) -> tuple[Pixels, PageInk, Numbers]:
    """The page at working size, its ink, and everything that is measured on it."""
    grey = shrink(image)
    ink = page_ink(grey)
    return grey, ink, ink_features(ink, words) | word_features(words)


def is_blank(features: Numbers) -> bool:
    return features["ink"] < BLANK_INK


def shrink(image: PageImage) -> Pixels:
    grey = to_grey(image.pixels)
    scale = WORKING_WIDTH / max(image.width, 1)
    if scale >= 1:
        return grey
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def ink_features(ink: PageInk, words: Sequence[Word]) -> Numbers:
    """How much ink there is, how much of it is specks and rules, and how much the OCR turned into words."""
    down, across = ink.all.shape
    width, height, area = (ink.pieces[:, i] for i in (2, 3, 4))
    letters = (height >= 5) & (area >= 12) & (height < down / 8) & (width < across / 2)
    return {
        "ink": cv2.countNonZero(ink.all) / ink.all.size,
        "room": room(ink.pieces, ink.all.shape),
        "specks": saturate(int((~letters).sum()) / max(len(letters), 1) * 10, 5),
        "rules": saturate(len(components(ink.across)[1]) + len(components(ink.down)[1]), 15),
        "unread": unread_share(ink.strokes, words, 0.0),
        "badly_read": unread_share(ink.strokes, words, 0.6),
    }


def room(pieces: Counts, size: tuple[int, ...]) -> float:
    """For about how many letters there is ink: pieces as high as letters, each for two letters a square of its height.

    ``size`` is (height, width) of the working image. Specks, rules, frames and large pictures give none. True texts of
    printed and handwritten pages take 0.3 to 1.0 of it (`python -m tests.bench.ink_guard`).
    """
    width, height, area = (pieces[:, i].astype(float) for i in (2, 3, 4))
    fine = min(1.0, max(0.5, size[1] / WORKING_WIDTH))  # small images have small letters
    letters = (height >= 5 * fine) & (area >= 12 * fine**2) & (height < size[0] / 8) & (width < size[1] / 2)
    return float(np.maximum(1.0, 2 * width[letters] / height[letters]).sum())


def unread_share(strokes: Pixels, words: Sequence[Word], least: float) -> float:
    """Share of the ink that lies in no word read with at least this confidence."""
    total = int(np.count_nonzero(strokes))
    if not total:  # words without any ink: too faint to be counted, so nobody knows what was left out
        return 1.0 if words else 0.0
    rest = strokes.copy()
    height, width = strokes.shape
    for word in words:
        if word.confidence >= least and any(c.isalnum() for c in word.text):
            x0, x1 = int(word.box.x0 * width) - 1, int(word.box.x1 * width) + 2
            y0, y1 = int(word.box.y0 * height) - 2, int(word.box.y1 * height) + 3
            rest[max(y0, 0) : y1, max(x0, 0) : x1] = 0
    return int(np.count_nonzero(rest)) / total


def word_features(words: Sequence[Word]) -> Numbers:
    """How sure the reader was, how word-like its words are, and into how many blocks they fall."""
    read = [word for word in words if any(c.isalnum() for c in word.text)]
    if not read:
        return {"confidence": 0.0, "unsure": 1.0, "plausible": 0.0, "wide_rows": 0.0, "blocks": 0.0}
    letters = sum(len(word.text) for word in read)
    rows = rows_of_blocks(read)
    return {
        "confidence": sum(word.confidence * len(word.text) for word in read) / letters,
        "unsure": sum(word.confidence < 0.6 for word in read) / len(read),
        "plausible": sum(plausible(word.text) for word in read) / len(read),
        "wide_rows": fmean(len(row) >= 3 for row in rows),
        "blocks": saturate(left_edges(rows), 8),
    }


def plausible(text: str) -> bool:
    """Could this be a word or a number? OCR of handwriting and of foreign scripts mostly could not."""
    core = text.strip(".,:;!?()[]{}'\"-–*/$€£%&#")
    if not core:
        return False
    if any(c.isdigit() for c in core):
        return all(c.isdigit() or c in ".,-/:" for c in core) or sum(map(str.isalpha, core)) <= 4
    if not core.replace("'", "").replace("-", "").isalpha():
        return False
    vowels = sum(c in "aeiouyäöüéèàáíóúâêôî" for c in core.casefold())
    mixed = not (core.islower() or core.isupper() or (core[0].isupper() and core[1:].islower()))
    return (vowels > 0 or len(core) <= 3 or core.isupper()) and not (mixed and len(core) < 8)


def rows_of_blocks(words: Sequence[Word]) -> list[list[list[Word]]]:
    """Rows of blocks of words, by geometry; a block ends at a gap of two word heights (on a square page)."""
    height = median(word.box.height for word in words)
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: w.box.cy):
        if rows and abs(rows[-1][-1].box.cy - word.box.cy) < 0.5 * height:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [row_to_blocks(sorted(row, key=lambda w: w.box.x0), height) for row in rows]


def row_to_blocks(row: Sequence[Word], height: float) -> list[list[Word]]:
    blocks = [[row[0]]]
    for before, word in pairwise(row):
        if word.box.x0 - before.box.x1 > 2.0 * height:
            blocks.append([])
        blocks[-1].append(word)
    return blocks


def left_edges(rows: Sequence[Sequence[Sequence[Word]]]) -> int:
    """Number of left edges at which several blocks begin."""
    edges = sorted(block[0].box.x0 for row in rows for block in row)
    groups: list[list[float]] = []
    for x in edges:
        if groups and x - groups[-1][-1] < 0.012:
            groups[-1].append(x)
        else:
            groups.append([x])
    return sum(len(group) >= 4 for group in groups)


def layout_complexity(features: Numbers) -> float:
    """0 for one column of text, towards 1 for many blocks, columns and rules."""
    return min(1.0, 0.6 * features["blocks"] + 0.25 * features["rules"] + 0.15 * features["wide_rows"])


def degradation(grey: Pixels, features: Numbers) -> float:
    """0 for crisp black on white, towards 1 for faint, blurred or speckled pages."""
    faint = 1 - min(1.0, (percentile(grey, 90) - percentile(grey, 1)) / 160)
    return min(1.0, 0.5 * faint + 0.3 * features["specks"] + 0.2 * features["unsure"])


def regions(table: TableSignal, words: Sequence[Word]) -> tuple[Region, ...]:
    """Where tables stand, if the page holds one; all that was read where no rows and no rules tell."""
    if table.probability < 0.5:
        return ()
    return tuple(Region("table", box, round(table.probability, 4)) for box in table.boxes or (words_box(words),))


def words_box(words: Sequence[Word]) -> Box:
    if not words:
        return Box(0.0, 0.0, 1.0, 1.0)
    box = words[0].box
    for word in words[1:]:
        box = box.union(word.box)
    return box
