"""Where the labels of a document type are printed, found in spite of OCR errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from rapidfuzz import fuzz, process

from engine.label.lines import Line
from engine.page import Box

SURE = 82.0  # rapidfuzz ratio (0..100) from which two letter strings may be one label misread
LONGEST = 6  # words in a label at the most


@dataclass(frozen=True, slots=True)
class Label:
    """One way in which the label of a leaf may be printed; ``rank`` 0 is the best."""

    leaf: str
    text: str
    rank: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A label as found: words ``first`` to ``last`` (half-open) of a line, ``score`` 0..1."""

    leaf: str
    rank: int
    line: Line
    first: int
    last: int
    score: float

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Page, row and words: equal for finds of one print that serves several leaves."""
        return self.line.page, self.line.index, self.first, self.last

    @property
    def box(self) -> Box:
        return self.line.words[self.first].box.union(self.line.words[self.last - 1].box)


def letters(text: str) -> str:
    """What is compared: lower case, letters and digits only, so that ``Sub-Total :`` is ``subtotal``."""
    return "".join(c for c in text.casefold() if c.isalnum() or c in "#%")


def lines_to_anchors(lines: Sequence[Line], labels: Sequence[Label]) -> tuple[Anchor, ...]:
    """Every place where a label is printed; of overlapping finds the longest and best are kept."""
    return tuple(longest_first(every_anchor(lines, labels)))


def every_anchor(lines: Sequence[Line], labels: Sequence[Label]) -> list[Anchor]:
    """Every place where a label is printed, each label for itself."""
    wanted = [letters(label.text) for label in labels]
    pages = groupby(lines, key=lambda line: line.page)  # page by page, so that the matrix of scores stays small
    return [anchor for _, page in pages for anchor in _on_page(list(page), labels, wanted)]


def _on_page(lines: Sequence[Line], labels: Sequence[Label], wanted: Sequence[str]) -> list[Anchor]:
    windows = [
        (line, first, last, text)
        for line in lines
        for first in range(len(line.words))
        for last in range(first + 1, min(first + LONGEST, len(line.words)) + 1)
        if worded(line.words[first].text) and worded(line.words[last - 1].text)
        if len(text := letters(" ".join(w.text for w in line.words[first:last]))) >= 2
    ]
    if not windows or not labels:
        return []
    keys = sorted({text for *_, text in windows})
    row = {text: i for i, text in enumerate(keys)}
    scores = process.cdist(keys, wanted, scorer=fuzz.ratio, score_cutoff=SURE, dtype=np.float32)
    return [
        Anchor(labels[j].leaf, labels[j].rank, line, first, last, float(scores[row[text], j]) / 100)
        for line, first, last, text in windows
        for j in np.flatnonzero(scores[row[text]]).tolist()
        if enough(text, wanted[j], float(scores[row[text], j]))
    ]


def worded(text: str) -> bool:
    """Can a label begin or end with this? Not with an amount or a rule: they would be swallowed as misread letters."""
    return any(c.isalpha() for c in text) or text in ("#", "%", "@")


def enough(text: str, wanted: str, score: float) -> bool:
    """Short labels must be exact: one wrong letter in ``to`` or ``tax`` makes another word."""
    return score == 100 if len(wanted) <= 4 else text[0] == wanted[0] or score >= 88


def longest_first(found: Sequence[Anchor]) -> list[Anchor]:
    """Drop a find that lies within a longer one: the ``total`` of ``sub total`` is no label of its own.

    Finds of the same words stay together, since one label may serve several leaves.
    """
    kept: dict[tuple[int, int], list[Anchor]] = {}
    for anchor in sorted(found, key=lambda a: (a.first - a.last, -a.score, a.rank)):
        neighbours = kept.setdefault((anchor.line.page, anchor.line.index), [])
        if any(within(anchor, other) for other in neighbours):
            continue
        neighbours.append(anchor)
    return [anchor for group in kept.values() for anchor in group]


def within(anchor: Anchor, other: Anchor) -> bool:
    overlaps = anchor.first < other.last and other.first < anchor.last
    if not overlaps:
        return False
    same = (anchor.first, anchor.last) == (other.first, other.last)
    return anchor.leaf == other.leaf if same else other.score >= anchor.score - 0.12
