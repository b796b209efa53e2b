"""Words to visual rows, and rows to cells.

OCR numbers lines within blocks, so a label and its value in two columns come as two lines. Here they become
one row again; a skewed row holds together because only neighbouring ends are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median

from engine.page import Box, Reading, Word

SAME_ROW = 0.45  # vertical overlap, as a share of the lower of the two, from which two pieces are on one row
LEAST_HEIGHT = 1e-4  # of the page; a reader may give boxes without height
CELL_GAP = 1.4  # gap between words, in letter heights of the page, from which a new cell begins


@dataclass(frozen=True)
class Line:
    """A visual row of a page, left to right. ``height`` is the page's usual word height (page fractions).

    ``aspect`` is page height over page width: it makes horizontal and vertical distances comparable.
    """

    page: int
    index: int
    words: tuple[Word, ...]
    height: float
    aspect: float

    @cached_property
    def text(self) -> str:
        """Words with one space between them, cells with two: numbers are never joined over two."""
        return "  ".join(" ".join(w.text for w in self.words[a:b]) for a, b in self.cells)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Offset in ``text`` of each word."""
        ends = {end - 1 for _, end in self.cells}
        offsets, at = [], 0
        for i, word in enumerate(self.words):
            offsets.append(at)
            at += len(word.text) + (2 if i in ends else 1)
        return tuple(offsets)

    @cached_property
    def box(self) -> Box:
        return bounding(self.words)

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of word indices that characters ``start`` to ``end`` of ``text`` touch."""
        first = max((i for i, at in enumerate(self.starts) if at <= start), default=0)
        last = max((i for i, at in enumerate(self.starts) if at < end), default=first)
        return first, last + 1

    @cached_property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Half-open ranges of words that stand together, split where the gap is wide."""
        ranges, first = [], 0
        for i in range(1, len(self.words)):
            gap = (self.words[i].box.x0 - self.words[i - 1].box.x1) / self.aspect
            if gap > CELL_GAP * self.height:
                ranges.append((first, i))
                first = i
        return (*ranges, (first, len(self.words)))

    def cell_of(self, word: int) -> tuple[int, int]:
        return next(cell for cell in self.cells if cell[0] <= word < cell[1])


def bounding(words: Sequence[Word]) -> Box:
    box = words[0].box
    for word in words[1:]:
        box = box.union(word.box)
    return box


def readings_to_lines(readings: Iterable[Reading]) -> tuple[Line, ...]:
    """All rows of a document, page by page, top to bottom."""
    return tuple(line for reading in readings for line in reading_to_lines(reading))


def reading_to_lines(reading: Reading) -> tuple[Line, ...]:
    words = [word for word in reading.words if meant(word.text)]
    if not words:
        return ()
    height = max(median(word.box.height for word in words), LEAST_HEIGHT)
    aspect = reading.height / reading.width if reading.width and reading.height else 1.414
    rows = pieces_to_rows(words_to_pieces(words, height, aspect))
    rows.sort(key=lambda row: median(word.box.cy for word in row))
    return tuple(
        Line(reading.page, i, tuple(sorted(row, key=lambda word: word.box.x0)), height, aspect)
        for i, row in enumerate(rows)
    )


def meant(text: str) -> bool:
    """A word, a short sign, or leaders; what else has no letter or digit is a rule or a smudge read as one."""
    return any(c.isalnum() for c in text) or len(text) < 4 or re.fullmatch(r"[._…]{3,}", text) is not None


def words_to_pieces(words: Sequence[Word], height: float, aspect: float) -> list[list[Word]]:
    """The reader's own lines, cut where a gap is so wide that its words need not belong together."""
    pieces: list[list[Word]] = []
    for _, group in groupby(sorted(words, key=lambda w: (w.line, w.box.x0)), key=lambda w: w.line):
        line = list(group)
        pieces.append([line[0]])
        for before, word in pairwise(line):
            if (word.box.x0 - before.box.x1) / aspect > 3 * height:
                pieces.append([])
            pieces[-1].append(word)
    return pieces


def pieces_to_rows(pieces: list[list[Word]]) -> list[list[Word]]:
    """Join pieces that stand beside each other at the same height."""
    rows: list[list[Word]] = []
    for piece in sorted(pieces, key=lambda p: p[0].box.x0):
        best = max(rows, key=lambda row: overlap(row, piece), default=None)
        if best is not None and overlap(best, piece) >= SAME_ROW:
            best.extend(piece)
        else:
            rows.append(list(piece))
    return rows


def overlap(row: Sequence[Word], piece: Sequence[Word]) -> float:
    """Vertical overlap of the row's right end with the piece's left end; 0 where they would lie on each other."""
    end, start = row[-1].box, piece[0].box
    if start.x0 < end.x1 - 0.3 * min(end.width, start.width):
        return 0.0
    shared = min(end.y1, start.y1) - max(end.y0, start.y0)
    return shared / max(min(end.height, start.height), 1e-6)
