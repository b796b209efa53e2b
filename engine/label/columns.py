"""The head of a table to columns, and a row's words to the columns they stand in.

A head is a row (or two rows stacked) where labels of at least two leaves of one array stand side by side. Its
other words are columns too: what stands under them must not fall to a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Literal

from rapidfuzz import fuzz, process

from engine.doctype import Leaf
from engine.label.anchors import SURE, Anchor, enough, letters
from engine.label.features import Layout
from engine.label.lines import Line, bounding
from engine.page import Box, Word
from engine.values.dates import dates_in
from engine.values.numbers import numbers_in

NUMBERS = ("money", "quantity", "percent")
Sort = Literal["number", "date", "text", "other"]
Place = tuple[int, int]  # page and row of a line
Wordings = Mapping[str, Sequence[tuple[tuple[int, int, int], str, int]]]  # preference, leaf and rank by label
OUTSIDE = ""  # stands for all leaves outside the array

LABELLED = 0.3  # share of a head's letters that known labels must make up: prose names two labels by chance
LONGEST = 4  # words in a column's label at the most
STACKED = 1.3  # gap between two rows of one head, in letter heights, at the most
WORD_GAP = 0.8  # in letter heights: words nearer than this to a label belong to it ("Price EUR")


@dataclass(frozen=True, slots=True)
class Column:
    """``leaf`` is None where the type does not ask for the column. Edges are page fractions, of the head."""

    leaf: Leaf | None
    x0: float
    x1: float
    until: Leaf | None = None  # the leaf of the second date, where the column holds two ("10/20 - 10/26")

    @property
    def sort(self) -> Sort:
        if self.leaf is None:
            return "other"
        if self.leaf.kind in NUMBERS and self.leaf.type != "string":
            return "number"
        return "date" if self.leaf.kind == "date" else "text"


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a table's head, with its columns from left to right."""

    line: Line
    columns: tuple[Column, ...]
    weak: bool = False  # one label only was known

    @property
    def leaves(self) -> frozenset[str]:
        return frozenset(c.leaf.pointer for c in self.columns if c.leaf)


def lines_to_heads(layout: Layout, leaves: Sequence[Leaf], others: Sequence[Leaf] = ()) -> tuple[Head, ...]:
    """Every head of the array that ``leaves`` belong to, in reading order; ``others`` are the leaves outside.

    Also heads with one known label beside two unknown ones or more: what the columns hold may tell them.
    """
    pointers = {leaf.pointer for leaf in leaves}
    marked = {(a.line.page, a.line.index) for a in layout.anchors if a.leaf in pointers}
    wordings = leaves_to_wordings(leaves, others)
    labels = {
        place: line_to_labels(line, wordings)
        for place in sorted(marked)
        if (line := layout.line_at(*place)) and not numbers_in(line.text) and not dates_in(line.text)
    }
    heads: list[Head] = []
    for place in labels:
        head = _head(place, labels, layout, leaves)
        if head and not (heads and heads[-1].line is head.line):
            heads.append(head)
    return tuple(heads)


def line_to_labels(line: Line, wordings: Wordings) -> list[Anchor]:
    """The array's labels in a line, one a leaf and none over another: the best read and the longest first.

    A label never reaches over a wide gap. Leaves outside the array take their longer labels away ("Opening
    balance"). Of leaves that share a label, the later one gets an amount (a lone "Price" is that of the whole
    row), the first anything else.
    """
    found = []
    for start, end in line.cells:
        for first in range(start, end):
            for last in range(first + 1, min(first + LONGEST, end) + 1):
                text = letters(" ".join(w.text for w in line.words[first:last]))
                for wanted, score, _ in process.extract(
                    text, wordings.keys(), scorer=fuzz.ratio, score_cutoff=SURE, limit=None
                ):
                    if len(text) >= 2 and enough(text, wanted, score):
                        found += [
                            ((-score, -len(text), *order), Anchor(leaf, rank, line, first, last, score / 100))
                            for order, leaf, rank in wordings[wanted]
                        ]
    found.sort(key=lambda item: item[0])
    return [anchor for anchor in _apart([anchor for _, anchor in found]) if anchor.leaf != OUTSIDE]


def leaves_to_wordings(leaves: Sequence[Leaf], others: Sequence[Leaf]) -> Wordings:
    """The letters of each label with the leaves that it may mean; all leaves outside the array are one."""
    wordings: dict[str, list[tuple[tuple[int, int, int], str, int]]] = {}
    for order, leaf in enumerate(leaves):
        place = -order if leaf.kind == "money" else order
        for rank, label in enumerate(leaf.labels):
            wordings.setdefault(letters(label), []).append(((0, rank, place), leaf.pointer, rank))
    for label in {label for leaf in others for label in leaf.labels}:
        wordings.setdefault(letters(label), []).append(((1, 0, 0), OUTSIDE, 0))
    return wordings


def _apart(anchors: Sequence[Anchor], first: Sequence[Anchor] = ()) -> list[Anchor]:
    """Of labels that stand over each other, or are of one leaf, the first."""
    chosen = list(first)
    for anchor in anchors:
        if all((anchor.leaf != c.leaf or c.leaf == OUTSIDE) and not _overlap(anchor.box, c.box) for c in chosen):
            chosen.append(anchor)
    return chosen


def _overlap(a: Box, b: Box) -> bool:
    return min(a.x1, b.x1) > max(a.x0, b.x0)


def _head(place: Place, labels: Mapping[Place, list[Anchor]], layout: Layout, leaves: Sequence[Leaf]) -> Head | None:
    """The head whose main row is at ``place``; rows above and below lend labels where they are poorer."""
    page, index = place
    own = labels[place]
    line = own[0].line if own else None
    if line is None:
        return None
    chosen, last = own, line
    for at in (index - 1, index + 1):
        other = layout.line_at(page, at)
        more = labels.get((page, at), [])
        if other and more and len(more) < max(len(own), 2) and _stacked(*sorted((line, other), key=lambda o: o.index)):
            longer = _apart(more, chosen)
            last = other if at > index and len(longer) > len(chosen) else last
            chosen = longer
    by_pointer = {leaf.pointer: leaf for leaf in leaves}
    columns = _with_others([Column(by_pointer[a.leaf], a.box.x0, a.box.x1) for a in chosen], line)
    unknown = len(columns) - len(chosen)
    known_share = sum(len(letters(_text(a))) for a in chosen) / max(len(letters(line.text)), 1)
    strong = len(chosen) >= 2 and known_share >= LABELLED
    if strong or (len(chosen) == 1 and 2 <= unknown <= 8 and len(line.cells) >= 3):
        return Head(last, tuple(columns), weak=len(chosen) == 1)
    return None


def _stacked(upper: Line, lower: Line) -> bool:
    return lower.box.y0 - upper.box.y1 < STACKED * lower.height


def _text(anchor: Anchor) -> str:
    return " ".join(word.text for word in anchor.line.words[anchor.first : anchor.last])


def _with_others(columns: list[Column], line: Line) -> list[Column]:
    """The columns and, of the rest of the head's words, those that stand by themselves."""
    near = WORD_GAP * line.height * line.aspect
    found = list(columns)
    for cell in _free_cells(line, columns, near):
        box = bounding(cell)
        beside = next((i for i, c in enumerate(columns) if c.x0 - near < box.x1 and box.x0 < c.x1 + near), None)
        if beside is None:
            found.append(Column(None, box.x0, box.x1))
        else:
            c = found[beside]
            found[beside] = replace(c, x0=min(c.x0, box.x0), x1=max(c.x1, box.x1))
    return sorted(found, key=lambda c: c.x0)


def _free_cells(line: Line, columns: Sequence[Column], near: float) -> Iterator[list[Word]]:
    """Runs of words outside the columns, parted where a gap is wider than between words."""
    run: list[Word] = []
    for word in line.words:
        taken = any(min(c.x1, word.box.x1) > max(c.x0, word.box.x0) for c in columns)
        if run and (taken or word.box.x0 - run[-1].box.x1 > near):
            yield run
            run = []
        if not taken and letters(word.text):
            run.append(word)
    if run:
        yield run


# --- words to columns ---------------------------------------------------------------------------------------


def line_to_cells(line: Line, columns: Sequence[Column]) -> dict[int, Line]:
    """The row's words by the number of their column, each cell as a line of its own.

    The cheapest way through the row from left to right, never back: a word costs by its distance to the
    column's head and by what does not fit its sort, a change of column within a phrase and a stay over a
    gap cost too. So a description may run on beyond its head and an amount begin left of it.
    """
    costs: list[list[float]] = []
    back: list[list[int]] = []
    for at, word in enumerate(line.words):
        gap = _heights(word.box.x0 - line.words[at - 1].box.x1, line) if at else 0.0
        row, origin = [], []
        for number, column in enumerate(columns):
            before, came = 0.0, number
            if at:
                ways = [
                    (costs[-1][i] + (_stay(gap, column) if i == number else _leave(gap)), i) for i in range(number + 1)
                ]
                before, came = min(ways)
            row.append(before + misfit(word, column, line))
            origin.append(came)
        costs.append(row)
        back.append(origin)
    number = min(range(len(columns)), key=costs[-1].__getitem__)
    path = [number]
    for origin in reversed(back[1:]):
        path.append(origin[path[-1]])
    placed = zip(reversed(path), line.words, strict=True)
    return {
        number: replace(line, words=tuple(word for _, word in group))
        for number, group in groupby(placed, key=lambda pair: pair[0])
    }


def _heights(distance: float, line: Line) -> float:
    return distance / line.aspect / line.height


def _stay(gap: float, column: Column) -> float:
    wide = 1.2 if column.sort in ("text", "other") else 0.9
    return min(2.0, max(0.0, gap - wide) * 0.6)


def _leave(gap: float) -> float:
    return 1.0 if gap < 0.5 else 0.4 if gap < 1.0 else 0.0


def misfit(word: Word, column: Column, line: Line) -> float:
    """How badly a word stands in a column; distances count in letter heights."""
    box = word.box
    right_of, left_of = _heights(box.x0 - column.x1, line), _heights(column.x0 - box.x1, line)
    edges = min(abs(box.x0 - column.x0), abs(box.x1 - column.x1), abs(box.cx - (column.x0 + column.x1) / 2))
    cost = 0.04 * min(_heights(edges, line), 10)
    cost += max(right_of, 0) * (0.03 if column.sort == "text" else 0.2)
    cost += max(left_of, 0) * (0.12 if column.sort == "number" else 0.2)
    return cost + _wrong_sort(word.text, column.sort)


@lru_cache(maxsize=4096)
def _wrong_sort(text: str, sort: Sort) -> float:
    digits, alphas = sum(map(str.isdigit, text)), sum(map(str.isalpha, text))
    if sort == "number":
        return 0.0 if digits > alphas else 0.5 if alphas <= 3 else 2.0
    if sort == "date":
        return 0.0 if digits or 3 <= alphas <= 9 else 1.0
    if sort == "text" and digits > alphas:
        return 1.2 if dates_in(text) else 0.7 if any(n.decimals == 2 for n in numbers_in(text)) else 0.0
    return 0.3 if sort == "other" else 0.0
