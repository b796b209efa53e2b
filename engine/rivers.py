"""Rows of cells, and the rivers of white that run down between them: what a table is, ruled or not.

Cells come from the words (a gap wider than a letter is high ends a cell) or from the ink itself, so that a column
that OCR dropped still counts. Rows are stacked as long as a gap runs on through all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

import cv2
import numpy as np

from engine.ink import components
from engine.page import Pixels, Word

BITS = 512  # steps across the page in which gaps are counted
MOST_ROWS = 150  # a page of print has under 100; noise may have thousands
# Settings of `make bench-tables`; a wider gap between cells, in letter heights, ends one:
WORD_GAP, INK_GAP = 1.1, 1.5
RIVER = 0.8  # letter heights: a narrower gap is no river
APART = 4.0  # letter heights: rows further apart belong to no common stack
RIVERS = (1, 2, 3, 4)
PROSE = 8.0  # letter heights: where even the narrowest cell of a row is longer on average, it is prose in columns
WORTHY = 2.0  # worth from which a stack is shown as a region


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a row, in px; ``digits`` is its share of digits, None where nobody read it."""

    x0: float
    y0: float
    x1: float
    y1: float
    digits: float | None = None

    @property
    def cy(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def width(self) -> float:
        return self.x1 - self.x0


@dataclass(frozen=True, slots=True)
class Row:
    """Cells side by side; ``taken`` has a bit for each step across the page that a cell covers.

    ``full`` is the width of all its cells together, ``narrow`` that of the narrowest one, in px.
    """

    cells: tuple[Cell, ...]
    taken: int
    y0: float
    y1: float
    full: float
    narrow: float

    @property
    def split(self) -> bool:
        return len(self.cells) >= 2


@dataclass(frozen=True, slots=True)
class Stack:
    """Rows ``first`` to ``last`` (inclusive) with ``rivers`` gaps through all of them.

    ``split`` of the rows have two cells or more; ``cell`` is the mean width of their cells, ``narrow`` that of the
    narrowest one of each, in letter heights.
    """

    first: int
    last: int
    rivers: int
    split: int
    cell: float
    narrow: float

    @property
    def worth(self) -> float:
        """Rows times rivers, less for long cells; 0 for two rows that fewer than three rivers divide."""
        if self.split < 3 and self.rivers < 3:
            return 0.0
        return (self.split - 1) * self.rivers / (1 + self.cell / 6)


Stacks = dict[int, list[Stack]]
"""For each number of rivers, all stacks of rows that have at least so many."""


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a page ``width`` px wide, from top to bottom; ``letter`` is the height of its letters in px."""

    rows: tuple[Row, ...]
    letter: float
    width: int


def words_to_rows(words: Sequence[Word], width: int, height: int) -> Rows:
    """Rows from what was read on a page of ``width`` x ``height`` px."""
    boxes = [
        Cell(w.box.x0 * width, w.box.y0 * height, w.box.x1 * width, w.box.y1 * height, digit_share(w.text))
        for w in words
        if any(map(str.isalnum, w.text))
    ]
    if not boxes:
        return Rows((), 1.0, width)
    letter = max(median(b.y1 - b.y0 for b in boxes), 1.0)
    return _rows([b for b in boxes if b.y1 - b.y0 < 4 * letter], letter, width, WORD_GAP * letter)


def digit_share(text: str) -> float:
    """Share of digits among letters and digits."""
    digits, letters = sum(map(str.isdigit, text)), sum(map(str.isalnum, text))
    return digits / letters if letters else 0.0


def ink_to_rows(strokes: Pixels, letter: float) -> Rows:
    """Rows from the ink without rules; ``letter`` is the height of letters in px, 0 where there are none."""
    if not letter:
        return Rows((), 1.0, strokes.shape[1])
    reach = max(3, round(INK_GAP * letter)) | 1
    smeared = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, pieces = components(np.asarray(smeared, dtype=np.uint8))
    keep = (pieces[:, 3] >= 0.6 * letter) & (pieces[:, 3] < 4 * letter) & (pieces[:, 2] >= 0.5 * letter)
    cells = [Cell(float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in pieces[keep, :4].tolist()]
    return _rows(cells, letter, strokes.shape[1], 0.3 * letter)


def _rows(cells: Sequence[Cell], letter: float, width: int, gap: float) -> Rows:
    """Cells whose middles stand at one height are a row; neighbours closer than ``gap`` px become one cell."""
    groups: list[list[Cell]] = []
    middle = 0.0
    for cell in sorted(cells, key=lambda c: c.cy):
        if groups and cell.cy - middle < 0.6 * letter:
            groups[-1].append(cell)
            middle += (cell.cy - middle) / len(groups[-1])
        else:
            groups.append([cell])
            middle = cell.cy
    rows = tuple(_row(_joined(sorted(group, key=lambda c: c.x0), gap), width) for group in groups[:MOST_ROWS])
    return Rows(rows, letter, width)


def _joined(row: Sequence[Cell], gap: float) -> list[Cell]:
    groups: list[list[Cell]] = []
    right = 0.0
    for cell in row:
        if groups and cell.x0 - right <= gap:
            groups[-1].append(cell)
            right = max(right, cell.x1)
        else:
            groups.append([cell])
            right = cell.x1
    return [around(group) for group in groups]


def around(cells: Sequence[Cell]) -> Cell:
    """The cell that holds them all."""
    known = [c.digits for c in cells if c.digits is not None]
    x0, y0 = min(c.x0 for c in cells), min(c.y0 for c in cells)
    x1, y1 = max(c.x1 for c in cells), max(c.y1 for c in cells)
    return Cell(x0, y0, x1, y1, fmean(known) if known else None)


def _row(cells: Sequence[Cell], width: int) -> Row:
    taken = 0
    for cell in cells:
        start = int(max(cell.x0, 0) / width * BITS)
        end = max(start, int(max(cell.x1, 0) / width * BITS))
        taken |= ((1 << (end - start + 1)) - 1) << start
    widths = [c.width for c in cells]
    return Row(tuple(cells), taken, min(c.y0 for c in cells), max(c.y1 for c in cells), sum(widths), min(widths))


def rivers_in(taken: int, least: int) -> int:
    """Number of gaps of at least ``least`` steps between the outermost bits."""
    if not taken:
        return 0
    low = (taken & -taken).bit_length() - 1
    free = ~taken & ((1 << taken.bit_length()) - 1) & ~((1 << low) - 1)
    for _ in range(least - 1):
        free &= free >> 1
    return (free & ~(free << 1)).bit_count()


def stacks(page: Rows) -> Stacks:
    """From every split row, how far down at least 1, 2, 3 and 4 gaps persist; columns of prose are left out."""
    least = max(1, round(RIVER * page.letter / page.width * BITS))
    found: Stacks = {rivers: [] for rivers in RIVERS}
    for first, row in enumerate(page.rows):
        left = _gaps_left(page, first, least) if row.split else [0]
        for rivers in RIVERS:
            if left[0] >= rivers:
                stack = _stack(page, first, left, rivers)
                if stack.narrow < PROSE:
                    found[rivers].append(stack)
    return found


def _gaps_left(page: Rows, first: int, least: int) -> list[int]:
    """How many gaps are left in row ``first``, in it and the one below, in these and the next, until there is none."""
    rows = page.rows
    taken = rows[first].taken
    left = [rivers_in(taken, least)]
    for above, row in pairwise(rows[first:]):
        taken |= row.taken
        if row.y0 - above.y1 > APART * page.letter or not (gaps := rivers_in(taken, least)):
            break
        left.append(gaps)
    return left


def _stack(page: Rows, first: int, left: Sequence[int], rivers: int) -> Stack:
    """The rows from ``first`` on through all of which at least so many rivers run; it ends with a split one."""
    split: list[Row] = []
    last = first
    for i, gaps in enumerate(left, start=first):
        if gaps < rivers:
            break
        if page.rows[i].split:
            split.append(page.rows[i])
            last = i
    cell = sum(row.full for row in split) / sum(len(row.cells) for row in split) / page.letter
    narrow = sum(row.narrow for row in split) / len(split) / page.letter
    return Stack(first, last, left[last - first], len(split), cell, narrow)


def best_stacks(found: Stacks) -> list[Stack]:
    """Stacks worth showing that share no row, best first."""
    best: list[Stack] = []
    for s in sorted((s for of in found.values() for s in of), key=lambda s: -s.worth):
        if s.worth >= WORTHY and all(s.last < b.first or b.last < s.first for b in best):
            best.append(s)
    return best
