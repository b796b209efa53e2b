"""Claimed rows to the lines they stand on: in reading order, no line for two rows.

A row and a line have keys in common where a value of the row is printed in the line. A key counts by how rare it
is in the document: "1" hardly, "1,284.56" much. Of all ways to give rows to lines without crossing, the one with
the most in common is taken; so rows of the same content are told apart by their order.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.label.lines import Line
from engine.witness.row_forms import Keys, is_text

MOST_LINES = 4  # of one row: its values and the wrapped lines of its description
NEAR = 2.5  # blank between two lines of one row at the most, in letter heights
EXTRA = 0.15  # a further line must have more in common with the row than this
LEAST = 0.15  # in common, from which a row may stand on a line
TRIED = 24  # lines for a row
COMMON = 200  # lines with a key, from which it is not used to find lines


@dataclass(frozen=True, slots=True)
class Band:
    """The lines ``first`` to ``last`` (half-open) of one row; most of it stands on line ``main``."""

    first: int
    last: int
    main: int


@dataclass(frozen=True)
class Claimed:
    """A row that is claimed: the keys of each cell, by leaf."""

    cells: Mapping[str, Keys]


@dataclass(frozen=True)
class Printed:
    """The lines of a document with their keys."""

    lines: tuple[Line, ...]
    keys: tuple[frozenset[str], ...]

    @cached_property
    def where(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for at, keys in enumerate(self.keys):
            for key in keys:
                found[key].append(at)
        return found

    def rarity(self, key: str) -> float:
        """1 for a key that stands in one line or none, towards 0 for one that stands in all."""
        return self._rarity.get(key, 1.0)

    @cached_property
    def _rarity(self) -> Mapping[str, float]:
        lines = math.log(max(len(self.lines), 3))
        return {key: max(0.1, 1 - math.log(len(at)) / lines) for key, at in self.where.items()}

    def shared(self, cell: Keys, first: int, last: int, rare: bool = True) -> float:
        """How much of a cell stands on these lines, 0..1; what is ``rare`` counts more, if wanted."""
        met = [
            w * (self.rarity(key) if rare else 1.0)
            for key, w in cell.items()
            if any(key in k for k in self.keys[first:last])
        ]
        return (sum(met) if is_text(cell) else max(met)) if met else 0.0

    def whole(self, cell: Keys) -> float:
        """What the cell would have in common with a line that prints all of it."""
        rated = [w * self.rarity(key) for key, w in cell.items()]
        return (sum(rated) if is_text(cell) else max(rated)) if rated else 0.0

    def common(self, row: Claimed, first: int, last: int, without: str | None = None, *, rare: bool = True) -> float:
        return sum(self.shared(cell, first, last, rare) for leaf, cell in row.cells.items() if leaf != without)


# --- which row on which line ----------------------------------------------------------------------------------


def align_rows(rows: Sequence[Claimed], printed: Printed) -> list[Band | None]:
    """For each row the lines it stands on, None where it stands nowhere."""
    alike = Counter(map(_identity, rows))
    seen: Counter[frozenset[str]] = Counter()
    best = _Best(len(printed.lines))
    for number, row in enumerate(rows):
        identity = _identity(row)
        place = (seen[identity] + 0.5) / alike[identity]
        seen[identity] += 1
        best.add(number, list(_bands(row, printed, place)))
    bands: list[Band | None] = [None] * len(rows)
    for number, band in best.chain():
        bands[number] = band
    return bands


def _identity(row: Claimed) -> frozenset[str]:
    return frozenset(key for cell in row.cells.values() for key in cell)


def _bands(row: Claimed, printed: Printed, place: float) -> Iterator[tuple[float, Band]]:
    """Where the row may stand, with what it has in common; ``place`` says which of equal places is likeliest."""
    rated = _rated(row, printed, place)
    all_of_it = sum(map(printed.whole, row.cells.values()))
    for at in _likeliest(rated, place):
        yield rated[at], Band(at, at + 1, at)
        if all_of_it - rated[at] <= EXTRA:
            continue
        for first, last in _wider(at, rated, printed):
            if rated[at] == max(rated.get(i, 0) for i in range(first, last)):
                common = printed.common(row, first, last) - EXTRA * (last - first - 1)
                if common > rated[at]:
                    yield common, Band(first, last, at)


def _rated(row: Claimed, printed: Printed, place: float) -> Mapping[int, float]:
    """What each line has in common with the row. Keys that stand in very many lines find no lines of their own;
    where all keys of the row do, those lines are rated that stand about where the row is among its likes."""
    known = {key: printed.where[key] for cell in row.cells.values() for key in cell if key in printed.where}
    rare = [lines for lines in known.values() if len(lines) <= COMMON]
    if not rare:
        rarest = min(known.values(), key=len, default=())
        begin = max(0, int(place * len(rarest)) - COMMON // 2)
        rare = [rarest[begin : begin + COMMON]]
    near = {at for lines in rare for at in lines}
    rated: dict[int, float] = defaultdict(float)
    for cell in row.cells.values():
        shared: dict[int, float] = defaultdict(float)
        for key, weight in cell.items():
            worth = weight * printed.rarity(key)
            where = known.get(key, ())
            for at in where if len(where) <= COMMON else (at for at in near if key in printed.keys[at]):
                shared[at] = shared[at] + worth if is_text(cell) else max(shared[at], worth)
        for at, worth in shared.items():
            rated[at] += worth
    return rated


def _likeliest(rated: Mapping[int, float], place: float) -> list[int]:
    good = sorted((at for at, common in rated.items() if common >= LEAST), key=lambda at: -rated[at])
    if len(good) <= TRIED:
        return good
    worst = rated[good[TRIED - 1]]
    better = [at for at in good if rated[at] > worst]
    equal = sorted(at for at in good if rated[at] == worst)
    begin = max(0, min(int(place * len(equal)) - TRIED // 2, len(equal) - TRIED))
    return better + equal[begin : begin + TRIED]


def _wider(at: int, rated: Mapping[int, float], printed: Printed) -> Iterator[tuple[int, int]]:
    """Runs of lines about ``at`` that begin and end with lines of the row."""
    lines = printed.lines
    firsts, lasts = [at], [at + 1]
    for i in range(at - 1, at - MOST_LINES, -1):
        if i < 0 or not _near(lines[i], lines[i + 1]):
            break
        firsts += [i] if i in rated else []
    for i in range(at + 1, at + MOST_LINES):
        if i >= len(lines) or not _near(lines[i - 1], lines[i]):
            break
        lasts += [i + 1] if i in rated else []
    yield from ((a, b) for a in firsts for b in lasts if 1 < b - a <= MOST_LINES)


def _near(upper: Line, lower: Line) -> bool:
    return upper.page == lower.page and lower.box.y0 - upper.box.y1 < NEAR * lower.height


@dataclass(frozen=True, slots=True)
class _Link:
    total: float
    row: int
    band: Band
    before: _Link | None


class _Best:
    """The best chain of rows so far for each line that it may end before (prefix maxima in a Fenwick tree)."""

    def __init__(self, lines: int) -> None:
        self._tree: list[_Link | None] = [None] * (lines + 2)

    def add(self, row: int, bands: Sequence[tuple[float, Band]]) -> None:
        links = []
        for common, band in bands:
            before = self._upto(band.first)
            links.append(_Link(common + (before.total if before else 0.0), row, band, before))
        for link in links:
            at = link.band.last + 1
            while at < len(self._tree):
                there = self._tree[at]
                if there is None or link.total > there.total:
                    self._tree[at] = link
                at += at & -at

    def _upto(self, line: int) -> _Link | None:
        best, at = None, line + 1
        while at > 0:
            link = self._tree[at]
            if link and (best is None or link.total > best.total):
                best = link
            at -= at & -at
        return best

    def chain(self) -> Iterator[tuple[int, Band]]:
        link = self._upto(len(self._tree) - 2)
        while link:
            yield link.row, link.band
            link = link.before
