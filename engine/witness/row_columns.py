"""The columns of a claimed table, learnt from where the other rows' values stand, and checked against its head.

Where a value stands equal to its claim in enough rows, there is the column of its leaf: an edge that those forms
have in common, and how many lines below the row's main line it is. A row is never judged by a column that was
learnt from itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from engine.label.columns import Column, Head
from engine.label.lines import Line

NEIGHBOURS = 8  # rows a column is learnt from, the nearest
ENOUGH = 2  # rows that make a column
REACH = 1.6  # letter heights from its edge in which a form stands in a column
SAME_TABLE = 0.65  # share of common leaves from which two heads are of one table


@dataclass(frozen=True, slots=True)
class Example:
    """Where a claimed value of row ``row`` stands, ``below`` lines under the row's main line. ``turned``: with the
    other sign than claimed, None for zero and what is no number. ``minus``, ``cents``: printed with
    a minus, with decimals."""

    row: int
    page: int
    below: int
    x0: float
    x1: float
    turned: bool | None = None
    minus: bool = False
    cents: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """A column as learnt from ``rows`` rows: ``edge`` says which edge its forms share, ``at`` where it is. ``x0`` and
    ``x1`` hold all of them, ``usual`` is from where to where most reach."""

    below: int
    edge: str
    at: float
    x0: float
    x1: float
    rows: int
    usual: tuple[float, float]

    def distance(self, x0: float, x1: float, line: Line) -> float:
        """How far a form's edge is from the column's, in letter heights."""
        return abs(EDGES[self.edge](x0, x1) - self.at) / line.aspect / line.height


EDGES: dict[str, Callable[[float, float], float]] = {
    "right": lambda x0, x1: x1,
    "left": lambda x0, x1: x0,
    "middle": lambda x0, x1: (x0 + x1) / 2,
}


class Examples:
    """All places of one leaf, by row."""

    def __init__(self, found: Iterable[Example]) -> None:
        self._all = sorted(found, key=lambda e: e.row)
        self._strips: dict[tuple[int, int], Strip | None] = {}
        self._by_page: dict[int, list[Example]] = {}
        for example in self._all:
            self._by_page.setdefault(example.page, []).append(example)
        signs = Counter(e.turned for e in self._all if e.turned is not None)
        self.turned = signs[True] >= ENOUGH and not signs[False]
        self.unsigned = self.turned and all(e.minus for e in self._all if e.turned)
        self.cents = 2 * sum(e.cents for e in self._all) > len(self._all)
        self.middles = tuple((e.x0 + e.x1) / 2 for e in self._all)

    def strip(self, row: int, page: int) -> Strip | None:
        """The column at a row, from its neighbours on the page, else from those of other pages."""
        if (row, page) not in self._strips:
            self._strips[row, page] = self._learnt(row, page)
        return self._strips[row, page]

    def _learnt(self, row: int, page: int) -> Strip | None:
        for known in (self._by_page.get(page, []), self._all):
            near = _nearest(known, row)
            below = Counter(e.below for e in near).most_common(1)
            if below and below[0][1] >= max(ENOUGH, len(near) / 2):
                return _strip([e for e in near if e.below == below[0][0]])
        return None


def _nearest(known: Sequence[Example], row: int) -> list[Example]:
    at = bisect_left(known, row, key=lambda e: e.row)
    around = known[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]
    return sorted((e for e in around if e.row != row), key=lambda e: abs(e.row - row))[:NEIGHBOURS]


def _strip(examples: Sequence[Example]) -> Strip:
    """The edge on which the examples agree best; of edges alike the right one, as numbers are set."""
    spreads = {}
    for edge, of in EDGES.items():
        at = median(of(e.x0, e.x1) for e in examples)
        spreads[edge] = (round(median(abs(of(e.x0, e.x1) - at) for e in examples), 3), at)
    edge = min(EDGES, key=lambda e: spreads[e][0])
    x0, x1 = min(e.x0 for e in examples), max(e.x1 for e in examples)
    usual = median(e.x0 for e in examples), median(e.x1 for e in examples)
    return Strip(examples[0].below, edge, spreads[edge][1], x0, x1, len(examples), usual)


def heads_of_pages(heads: Sequence[Head], pages: Sequence[int]) -> dict[int, Head]:
    """For each page the table's head that holds there: its own, else that of the page before."""
    best = max(heads, key=lambda head: len(head.leaves), default=None)
    if best is None:
        return {}
    of_table = [h for h in heads if len(h.leaves & best.leaves) >= SAME_TABLE * len(h.leaves | best.leaves)]
    holds: dict[int, Head] = {}
    current = None
    for page in pages:
        current = next((head for head in of_table if head.line.page == page), current)
        if current:
            holds[page] = current
    return holds


def role(head: Head | None, leaf: str, x0: float, x1: float, claimed: Collection[str]) -> bool | None:
    """Whether the head says that what stands from ``x0`` to ``x1`` is the leaf's; None where it does not tell.

    ``claimed`` are the leaves that can take a column away from it.
    """
    if head is None:
        return None
    near = min(head.columns, key=lambda c: (max(c.x0 - x1, x0 - c.x1, 0.0), _off(c, x0, x1)), default=None)
    if near is None:
        return None
    over = min(near.x1, x1) > max(near.x0, x0)
    if near.leaf is None:
        return False if over and leaf in head.leaves else None
    if leaf in {part.pointer for part in (near.leaf, near.until) if part}:
        return True
    if near.leaf.pointer not in claimed:
        return None
    return False if over or leaf in head.leaves else None


def _off(column: Column, x0: float, x1: float) -> float:
    return min(abs(column.x0 - x0), abs(column.x1 - x1), abs(column.x0 + column.x1 - x0 - x1) / 2)
