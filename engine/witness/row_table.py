"""A claimed table on the pages of one reader: its rows on their lines, its columns learnt.

A row is anchored for one of its cells by the other cells (or where the rows around leave no other line): the value
that is judged is never the evidence for its own place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from engine.doctype import Leaf
from engine.label.columns import Head, lines_to_heads
from engine.label.lines import Line
from engine.page import Word
from engine.values.identifiers import key_of
from engine.values.text_alignment import text_alignment
from engine.witness.row_alignment import COMMON, Band, Claimed, Printed, align_rows
from engine.witness.row_columns import Example, Examples, Strip, heads_of_pages
from engine.witness.row_forms import Form, dated, line_to_forms, line_to_keys, mended, value_to_keys
from engine.witness.row_years import lines_to_years
from engine.witness.sight import Sight

Sort = Literal["number", "date", "identifier", "text"]
ANCHORED = 0.8  # what the other cells have in common with the line: about one value that stands nowhere else
AGREEING = 0.5  # share of the other cells' weight that must agree
AGREEING_BETWEEN = 0.25  # the same, where the rows around leave no other line
TOLD_BY_SEVERAL = 1.2  # the same, of values that need not be rare, where no other line is free for the row
FREE = 60  # lines above and below a row that are looked at for a rival, where no other row bounds them
RIVAL = 0.9  # share of it that another free line has, from which the row's place is in doubt


@dataclass(frozen=True, slots=True)
class Anchor:
    """How a row stands without one of its cells: its lines, the main one of them, and how sure that is."""

    band: Band
    share: float
    ambiguous: bool


@dataclass(frozen=True)
class TablePages:
    """What does not depend on the claims: the pages as one reader saw them, made ready for one array."""

    sight: Sight
    leaves: Mapping[str, Leaf]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        return mended(self.sight.sheet.layout.lines)

    @cached_property
    def forms(self) -> tuple[tuple[Form, ...], ...]:
        sheet = self.sight.sheet
        years = lines_to_years(self.lines, sheet.date_order, self.sight.doctype.date_order or "dmy", dated)
        return tuple(line_to_forms(line, sheet.decimal_sign, years) for line in self.lines)

    @cached_property
    def printed(self) -> Printed:
        return Printed(self.lines, tuple(map(line_to_keys, self.lines, self.forms)))

    @cached_property
    def heads(self) -> dict[int, Head]:
        own = list(self.leaves.values())
        others = [leaf for leaf in self.sight.doctype.leaves if leaf.pointer not in self.leaves]
        layout = self.sight.sheet.layout
        return heads_of_pages(lines_to_heads(layout, own, others), layout.pages)


@dataclass(frozen=True)
class PlacedTable:
    """``rows`` hold the claimed values by the pattern of their leaf, in the order of the claim."""

    pages: TablePages
    rows: Sequence[Mapping[str, Any]]

    # --- where the rows are ---

    @cached_property
    def claimed(self) -> tuple[Claimed, ...]:
        return tuple(
            Claimed({leaf: keys for leaf, value in row.items() if (keys := value_to_keys(value))}) for row in self.rows
        )

    @cached_property
    def bands(self) -> list[Band | None]:
        bands = align_rows(self.claimed, self.pages.printed)
        placed = [-1, *(n for n, band in enumerate(bands) if band), len(bands)]
        for before, after in pairwise(placed):
            free = self._solid_between(bands, before, after)
            if len(free) == after - before - 1:
                bands[before + 1 : after] = [Band(at, at + 1, at) for at in free]
        return bands

    def _solid_between(self, bands: Sequence[Band | None], before: int, after: int) -> list[int]:
        """Lines with numbers or dates between those of two rows; none at the ends of a table, which are open."""
        upper = bands[before] if before >= 0 else None
        lower = bands[after] if after < len(bands) else None
        return [at for at in range(upper.last, lower.first) if self.pages.forms[at]] if upper and lower else []

    @cached_property
    def taken(self) -> dict[int, int]:
        """Which row each line belongs to."""
        return {at: row for row, band in enumerate(self.bands) if band for at in range(band.first, band.last)}

    def homeless(self, row: int) -> bool:
        """No line is left for the row: every one that prints most of it is another row's."""
        if self.bands[row] is not None:
            return False
        claim, printed = self.claimed[row], self.pages.printed
        whole = sum(map(printed.whole, claim.cells.values()))
        alike = {
            at
            for keys in claim.cells.values()
            for key in keys
            if len(where := printed.where.get(key, ())) <= COMMON
            for at in where
        }
        free = alike - self.taken.keys()
        return not any(printed.common(claim, at, at + 1) >= AGREEING * whole for at in free)

    @cached_property
    def firm(self) -> list[bool]:
        """Whether a row is anchored with all its cells."""
        return [
            band is not None and self.pages.printed.common(row, band.first, band.last) >= ANCHORED
            for row, band in zip(self.claimed, self.bands, strict=True)
        ]

    def anchor(self, row: int, leaf: str) -> Anchor | str:
        """The row's place as all cells but one tell it, or the reason why they don't."""
        band, cells, printed = self.bands[row], self.claimed[row], self.pages.printed
        if band is None:
            return "the row stands nowhere on the pages"
        common = printed.common(cells, band.first, band.last, leaf)
        whole = sum(printed.whole(keys) for other, keys in cells.cells.items() if other != leaf)
        share = common / whole if whole else 0.0
        rival = self._has_rival(row, band, leaf, common)
        only = self._only_place(row, band)
        told = only or common >= ANCHORED
        if not told and not rival:
            told = printed.common(cells, band.first, band.last, leaf, rare=False) >= TOLD_BY_SEVERAL
        if not told or (whole and share < (AGREEING_BETWEEN if only else AGREEING)):
            return "no line of the pages has enough of the row's other values"
        return Anchor(self._without(row, leaf, band), share, rival)

    def _without(self, row: int, leaf: str, band: Band) -> Band:
        """The band as the other cells tell it: no line is its own because of the cell that is judged."""
        common = {
            at: self.pages.printed.common(self.claimed[row], at, at + 1, leaf) for at in range(band.first, band.last)
        }
        main = max(common, key=lambda at: (common[at], at == band.main))
        own = [at for at in common if common[at] > 0] or [main]
        return Band(own[0], own[-1] + 1, main)

    def _only_place(self, row: int, band: Band) -> bool:
        """The rows above and below are firm, and between them is no other line with values."""
        if not (0 < row < len(self.rows) - 1 and self.firm[row - 1] and self.firm[row + 1]):
            return False
        return all(band.first <= at < band.last for at in self._solid_between(self.bands, row - 1, row + 1))

    def _has_rival(self, row: int, band: Band, leaf: str, common: float) -> bool:
        """Another line that no row has taken agrees about as well with the row's other cells."""
        shares = (
            sum(share for other, share in shared.items() if other != leaf) for shared in self._free_lines(row, band)
        )
        return any(share >= RIVAL * common > 0 for share in shares)

    def _free_lines(self, row: int, band: Band) -> list[dict[str, float]]:
        """What each cell of the row has in common with the free lines about it, those with nothing left out."""
        if row not in self._free:
            upper = next((b for b in reversed(self.bands[max(0, row - 20) : row]) if b), None)
            lower = next((b for b in self.bands[row + 1 : row + 21] if b), None)
            first = upper.last if upper else max(0, band.first - FREE)
            last = lower.first if lower else min(len(self.pages.lines), band.last + FREE)
            lines = [at for at in range(first, last) if not band.first <= at < band.last][: 2 * FREE]
            printed, cells = self.pages.printed, self.claimed[row].cells
            wanted = frozenset(key for keys in cells.values() for key in keys)
            near = [at for at in lines if not wanted.isdisjoint(printed.keys[at])]
            self._free[row] = [{name: printed.shared(keys, at, at + 1) for name, keys in cells.items()} for at in near]
        return self._free[row]

    @cached_property
    def _free(self) -> dict[int, list[dict[str, float]]]:
        return {}

    # --- where the columns are ---

    @cached_property
    def claimed_leaves(self) -> frozenset[str]:
        return frozenset(leaf for row in self.rows for leaf in row)

    @cached_property
    def examples(self) -> dict[str, Examples]:
        found: dict[str, list[Example]] = {leaf: [] for leaf in self.pages.leaves}
        shared: dict[str, list[Example]] = {leaf: [] for leaf in self.pages.leaves}
        for number, band in enumerate(self.bands):
            if band and self.firm[number]:
                for leaf, example, alone in self._examples_of(number, band):
                    (found if alone else shared)[leaf].append(example)
        return {leaf: Examples(found[leaf] if len(found[leaf]) > 1 else shared[leaf]) for leaf in self.pages.leaves}

    def _examples_of(self, row: int, band: Band) -> Iterator[tuple[str, Example, bool]]:
        """Where the row's values stand, and whether each is the only one of its row that can be meant.

        Values of a row that are alike are told apart by the order of their leaves.
        """
        by_value: dict[Any, list[str]] = {}
        for leaf, value in self.rows[row].items():
            by_value.setdefault(abs(value) if _is_number(value) else value, []).append(leaf)
        for value, leaves in by_value.items():
            places = list(self.equal_places(row, band, value, sort_of(value, self.pages.leaves[leaves[0]])))
            if len(places) != len(leaves):
                continue
            for leaf, (at, first, last, read) in zip(leaves, places, strict=True):
                words = self.pages.lines[at].words[first:last]
                claim = self.rows[row][leaf]
                turned = (claim < 0) != (read < 0) if read and _is_number(claim) else None
                x0, x1 = min(w.box.x0 for w in words), max(w.box.x1 for w in words)
                below = at - self._without(row, leaf, band).main
                page, minus = self.pages.lines[at].page, bool(read and read < 0)
                cents = bool(re.search(r"[.,]\d\d\D*$", words[-1].text))
                yield leaf, Example(row, page, below, x0, x1, turned, minus, cents), len(places) == 1

    def equal_places(
        self, row: int, band: Band, value: Any, sort: Sort
    ) -> Iterator[tuple[int, int, int, Decimal | None]]:
        """Line and words (half-open) of each form in the band that is the value, sign aside, with its number."""
        if sort == "text":
            words = self.text_words(row, band)
            span = text_alignment(str(value), [word.text for _, _, word in words]).span
            if span:
                at, first, _ = words[span[0]]
                yield at, first, 1 + max(i for line, i, _ in words[slice(*span)] if line == at), None
            return
        for at in range(band.first, band.last):
            if sort == "identifier":
                wanted = key_of(str(value))
                yield from (
                    (at, i, i + 1, None) for i, w in enumerate(self.pages.lines[at].words) if key_of(w.text) == wanted
                )
            for form in self.pages.forms[at]:
                if sort == "number" and form.value is not None and abs(form.value) == value:
                    yield at, form.first, form.last, form.value
                elif sort == "date" and str(value)[:10] in form.days:
                    yield at, form.first, form.last, None

    def text_words(self, row: int, band: Band) -> list[tuple[int, int, Word]]:
        """Line, number and word of what stands in the band, without the numbers and dates that the row claims or
        that stand alone in a cell: a text that is wrapped goes on below them."""
        claimed = {abs(v) if _is_number(v) else str(v)[:10] for v in self.rows[row].values()}
        found = []
        for at in range(band.first, band.last):
            line = self.pages.lines[at]
            taken = {
                i
                for form in self.pages.forms[at]
                if (form.first, form.last) in line.cells or claimed.intersection((*form.days, abs(form.value or 0)))
                for i in range(form.first, form.last)
            }
            found += [(at, i, word) for i, word in enumerate(line.words) if i not in taken]
        return found

    def band_words(self, band: Band) -> list[tuple[int, int, Word]]:
        """The same with all words."""
        return [(at, i, w) for at in range(band.first, band.last) for i, w in enumerate(self.pages.lines[at].words)]

    def strip(self, row: int, leaf: str, page: int) -> Strip | None:
        return self.examples[leaf].strip(row, page)


def sort_of(value: Any, leaf: Leaf) -> Sort:
    if _is_number(value):
        return "number"
    if leaf.kind == "date":
        return "date"
    short = " " not in str(value).strip() and any(map(str.isdigit, str(value)))
    return "identifier" if leaf.kind == "identifier" or short else "text"


def _is_number(value: Any) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)
