"""Does a page hold a table, ruled or not, and where?

Counted: stacks of rows that rivers of white divide (:mod:`engine.rivers`), once from the words and once from the
ink; how aligned, numeric and even the cells of the best stack are; nets of rules and the words they box in; and
what speaks against a table though it has rows and numbers: a drawing (charts), long lines (columns of prose).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from statistics import fmean

import cv2
import numpy as np

from engine.ink import (
    Counts,
    PageInk,
    components,
    dark_on_light,
    either,
    halved,
    page_ink,
    swollen,
    typical_height,
)
from engine.page import Box, Pixels, Word
from engine.rivers import (
    Cell,
    Row,
    Rows,
    Stack,
    Stacks,
    around,
    best_stacks,
    digit_share,
    ink_to_rows,
    stacks,
    words_to_rows,
)

CAPTION = re.compile(r"table|tabelle|tableau|tabla|tabella|tab\.", re.IGNORECASE)
NEAR = 0.35  # letter heights to which edges meet
NUMERIC = 0.6  # share of digits from which a cell is a number
NET = 4  # cells that a net of rules must close in to be shown as a table
Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class TableSignal:
    """``probability`` that the page holds a table; ``columns``, 0 to 1, how many cells of its stacks of rows
    share an edge with a cell of the two rows above (0 where no rows stack); ``boxes``, where tables would be.
    """

    probability: float
    columns: float
    boxes: tuple[Box, ...]


def table_signal(grey: Pixels, words: Sequence[Word], ink: PageInk | None = None) -> TableSignal:
    """Of an upright page at working size, and what was read on it; ``ink`` is the ink of ``grey`` where it is known."""
    numbers, columns, boxes = table_features(grey, words, ink)
    weights = shipped_weights()
    score = weights["bias"] + sum(numbers[name] * weight for name, weight in weights.items() if name != "bias")
    return TableSignal(1 / (1 + math.exp(-max(min(score, 30.0), -30.0))), columns, boxes)


@lru_cache(maxsize=1)
def shipped_weights() -> Numbers:
    """Logistic weights that ``python -m tests.bench.tables DATA --write`` fits."""
    return dict(json.loads(resources.files("engine").joinpath("table_signal.json").read_text("utf-8")))


def table_features(
    grey: Pixels, words: Sequence[Word], ink: PageInk | None = None
) -> tuple[Numbers, float, tuple[Box, ...]]:
    """What is counted on a page (``grey`` at working size), its columns, and the boxes that look like tables."""
    height, width = grey.shape
    turned = dark_on_light(grey)
    if ink is None or turned is not grey:
        ink = page_ink(turned)
    letter = typical_height(ink.pieces, (height, width))
    across, down = halved(ink.across), halved(ink.down)
    read, inked = words_to_rows(words, width, height), ink_to_rows(ink.strokes, letter)
    found = stacks(read)
    best = best_stacks(found)
    walls = swollen(either(across, down))
    nets = components(walls)[0]
    boxed = boxed_cells(walls, nets, read)
    numbers = (
        row_features("word_", read, found)
        | row_features("ink_", inked, stacks(inked))
        | rule_features(across, down, nets)
        | boxed_features([cell for cell, _ in boxed], read.letter)
        | drawing_features(ink.pieces, max(letter, 1.0))
        | {
            "numbers": sum(digit_share(w.text) >= NUMERIC for w in words) / max(len(words), 1),
            "few_words": 1 - saturate(len(words), 60),
            "caption": float(captioned(words)),
        }
    )
    return numbers, shown_columns(read, best), table_boxes(read, best, boxed, width, height)


# --------------------------------------------------------------------------------------------------- rows


def row_features(prefix: str, page: Rows, found: Stacks) -> Numbers:
    """What stacks of rows tell: lengths of the longest with 1 to 4 rivers, and what the best one is made of."""
    numbers: Numbers = {}
    for rivers, of in found.items():
        numbers[f"{prefix}short_{rivers}"] = saturate(max((s.split for s in of), default=0), 5)
    best = max((s for of in found.values() for s in of), key=lambda s: s.worth, default=None)
    worth = best.worth if best else 0.0
    numbers[f"{prefix}split"] = sum(row.split for row in page.rows) / max(len(page.rows), 1)
    numbers[f"{prefix}wide"] = sum(len(row.cells) >= 3 for row in page.rows) / max(len(page.rows), 1)
    numbers[f"{prefix}worth"] = saturate(worth, 12)
    made = stack_features(page, best) if best and worth else {}
    return numbers | {f"{prefix}{name}": made.get(name, 0.0) for name in OF_STACK}


OF_STACK = ("aligned", "digits", "numeric", "cell", "even", "pitch", "fill", "rivers", "cover")


def stack_features(page: Rows, stack: Stack) -> Numbers:
    split = [row for row in page.rows[stack.first : stack.last + 1] if row.split]
    cells = [c for row in split for c in row.cells]
    read = [c.digits for c in cells if c.digits is not None]
    counts = [len(row.cells) for row in split]
    steps = [below.cells[0].cy - above.cells[0].cy for above, below in pairwise(split)]
    span = max(c.x1 for c in cells) - min(c.x0 for c in cells)
    whole = sum(c.width for row in page.rows for c in row.cells)
    return {
        "aligned": aligned(split, NEAR * page.letter),
        "digits": fmean(read) if read else 0.0,
        "numeric": sum(d >= NUMERIC for d in read) / len(read) if read else 0.0,
        "cell": saturate(stack.cell, 8),
        "even": max(map(counts.count, counts)) / len(counts),
        "pitch": saturate(float(np.std(steps)) / max(float(np.mean(steps)), 1e-6), 0.5),
        "fill": fmean(sum(c.width for c in row.cells) / max(span, 1.0) for row in split),
        "rivers": saturate(stack.rivers, 3),
        "cover": sum(c.width for c in cells) / max(whole, 1.0),
    }


def aligned(rows: Sequence[Row], near: float) -> float:
    """Share of cells that share a left or right edge or the middle with a cell of the row above."""
    hits = [found for above, below in pairwise(rows) for found in meet(below.cells, above.cells, near)]
    return fmean(hits) if hits else 0.0


def meet(cells: Sequence[Cell], others: Sequence[Cell], near: float) -> list[bool]:
    """For each cell, whether it shares an edge or the middle with one of the others, to ``near`` px."""
    return [
        any(
            abs(c.x0 - a.x0) < near or abs(c.x1 - a.x1) < near or abs(c.x0 + c.x1 - a.x0 - a.x1) < 2 * near
            for a in others
        )
        for c in cells
    ]


def shown_columns(page: Rows, best: Sequence[Stack]) -> float:
    """Share of cells, in the best stacks of rows, that meet a cell of the two rows above.

    Two, since rows alternate: debit and credit, or the halves of a row on a page that lies askew.
    """
    hits: list[bool] = []
    for stack in best:
        split = [row for row in page.rows[stack.first : stack.last + 1] if row.split]
        for i, row in enumerate(split[1:], start=1):
            above = [cell for other in split[max(i - 2, 0) : i] for cell in other.cells]
            hits += meet(row.cells, above, NEAR * page.letter)
    return fmean(hits) if hits else 0.0


def captioned(words: Sequence[Word]) -> bool:
    """Does a line begin with "Table 3" or the like?"""
    line = -1
    for word, following in pairwise(words):
        begins, line = word.line != line, word.line
        if begins and following.line == line and CAPTION.fullmatch(word.text):
            number = following.text.strip(".:")
            return number[:1].isdigit() or (number != "" and set(number) <= set("IVX"))
    return False


# -------------------------------------------------------------------------------------------------- rules


def rule_features(across: Pixels, down: Pixels, nets: Counts) -> Numbers:
    """Rules (at half size) as tables have them: a net of crossing ones, and ones that begin and end alike.

    ``nets`` numbers the rules that touch, pixel by pixel.
    """
    crossings = components(np.asarray(cv2.bitwise_and(swollen(across), swollen(down)), dtype=np.uint8))[1]
    owners = nets[crossings[:, 1] + crossings[:, 3] // 2, crossings[:, 0] + crossings[:, 2] // 2]
    spans = components(across)[1]
    return {
        "net": saturate(int(np.bincount(owners[owners > 0]).max(initial=0)), 12),
        "crossings": saturate(len(crossings), 20),
        "rules_across": saturate(len(spans), 10),
        "rules_down": saturate(len(components(down)[1]), 6),
        "long_across": saturate(int((spans[:, 2] > 0.3 * across.shape[1]).sum()), 4),
        "same_across": saturate(same_spans(spans, 0.02 * across.shape[1]), 4),
    }


def same_spans(spans: Counts, near: float) -> int:
    """The most rules that begin and end below one another."""
    if not len(spans):
        return 0
    ends = np.stack([spans[:300, 0], spans[:300, 0] + spans[:300, 2]], axis=1).astype(np.float64)
    alike = (np.abs(ends[:, None, :] - ends[None, :, :]) < near).all(axis=2)
    return int(alike.sum(axis=1).max())


def boxed_cells(walls: Pixels, nets: Counts, read: Rows) -> list[tuple[Cell, int]]:
    """Paper that rules (at half size) close in, with words inside: each with the number of its net of rules."""
    height, width = walls.shape
    labels, pieces = components(np.asarray(cv2.bitwise_not(walls), dtype=np.uint8), corners=False)
    small = (pieces[:, 2] < 0.7 * width) & (pieces[:, 3] < 0.25 * height) & (pieces[:, 3] > 0.4 * read.letter)
    found: dict[int, tuple[Cell, int]] = {}
    for cell in (cell for row in read.rows for cell in row.cells):
        x, y = int((cell.x0 + cell.x1) / 4), int(cell.cy / 2)
        piece = int(labels[y, x]) - 1 if 0 <= y < height and 0 <= x < width else -1
        if piece >= 0 and small[piece] and piece not in found:
            x0, y0, w, h, _ = (int(v) for v in pieces[piece])
            box = Cell(2.0 * x0, 2.0 * y0, 2.0 * (x0 + w), 2.0 * (y0 + h), cell.digits)
            found[piece] = box, int(nets[max(y0 - 1, 0) : y0 + 1, x0 : x0 + w].max())
    return list(found.values())


def boxed_features(boxed: Sequence[Cell], letter: float) -> Numbers:
    rows = len({int(cell.y0 / letter) for cell in boxed})
    return {
        "boxed": saturate(len(boxed), 6),
        "boxed_digits": saturate(sum((cell.digits or 0.0) >= NUMERIC for cell in boxed), 4),
        "boxed_beside": saturate(max(len(boxed) - rows, 0), 4),
        "boxed_rows": saturate(rows, 4),
    }


def drawing_features(pieces: Counts, letter: float) -> Numbers:
    """Ink in pieces much larger than letters: charts, photographs, seals."""
    area = pieces[:, 4]
    large = (pieces[:, 3] > 4 * letter) & (pieces[:, 2] > 4 * letter)
    return {"drawn": float(area[large].sum() / max(area.sum(), 1)), "drawings": saturate(int(large.sum()), 3)}


# ------------------------------------------------------------------------------------------------ regions


def table_boxes(
    read: Rows, best: Sequence[Stack], boxed: Sequence[tuple[Cell, int]], width: int, height: int
) -> tuple[Box, ...]:
    """Stacks of rows and nets of rules, those that touch as one, in fractions of the page."""
    nets: dict[int, list[Cell]] = {}
    for cell, net in boxed:
        nets.setdefault(net, []).append(cell)
    parts = [around([c for row in read.rows[s.first : s.last + 1] for c in row.cells]) for s in best]
    parts += [around(cells) for cells in nets.values() if len(cells) >= NET]
    return tuple(Box(c.x0 / width, c.y0 / height, c.x1 / width, c.y1 / height) for c in _without_overlap(parts))


def _without_overlap(parts: Sequence[Cell]) -> list[Cell]:
    found: list[Cell] = []
    for part in parts:
        grown = part
        while touching := [f for f in found if _touch(f, grown)]:
            found = [f for f in found if f not in touching]
            grown = around([grown, *touching])
        found.append(grown)
    return found


def _touch(a: Cell, b: Cell) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def saturate(count: float, half: float) -> float:
    """0 for none, 0.5 at ``half``, towards 1 for many."""
    return count / (count + half)
