"""Whose a column is that no head names: places learnt from the claims show only where each leaf's values stand.

Two columns of one sort may be exchanged in all rows alike and would confirm each other. So such a leaf is told from
each other leaf of its sort by what is not the claim: the head that names the other one's column, the type's rules, or
the order of the leaves in the type, which is the order most tables are printed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from engine.doctype import Leaf
from engine.label.tables import doctype_to_tables, is_firm
from engine.witness.row_columns import role
from engine.witness.row_rules import RowRules
from engine.witness.row_table import PlacedTable

BY_RULE, BY_ORDER, UNTOLD = 1.0, 0.5, 0.0  # how sure it is whose a column is
SEEN = 40  # rows that tell how many columns of numbers a table has
IN_OR_OUT = re.compile(
    r"\b(debits?|credits?|withdrawals?|deposits?|(paid|money) (in|out)|payments?|receipts|dr|cr|soll|haben)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Roles:
    """Asked by one reader for the columns of its table."""

    table: PlacedTable
    rules: RowRules

    def told(self, leaf: str, row: int, page: int) -> bool | None:
        """Whether the head says that the leaf's column is its own; None where it does not tell."""
        strip, head = self.table.strip(row, leaf, page), self.table.pages.heads.get(page)
        if strip is None:
            return True if head and leaf in head.leaves else None
        firm = is_firm(self.table.pages.leaves[leaf])
        rivals = self.table.pages.leaves if firm else self.table.claimed_leaves
        return role(head, leaf, *strip.usual, rivals)

    def sure(self, leaf: str, row: int, page: int) -> float:
        """How sure it is that a column without a head is the leaf's and no other's, 0..1."""
        if (leaf, page) not in self._sure:
            leaves = self.table.pages.leaves
            rivals = [
                other for other in leaves if other != leaf and sort_of_leaf(leaves[other]) == sort_of_leaf(leaves[leaf])
            ]
            self._sure[leaf, page] = min((self._apart(leaf, other, row, page) for other in rivals), default=BY_RULE)
        return self._sure[leaf, page]

    def misplaced(self, leaf: str, row: int, page: int) -> bool:
        """Do the rules say that the leaf has another one's values, where no head tells?"""
        others = [o for o in self.table.pages.leaves if o != leaf]
        return self.told(leaf, row, page) is not True and any(
            self.rules.exchanged(leaf, other) == "changed" and self.told(other, row, page) is not True
            for other in others
        )

    def may_turn(self, leaf: str, *, headed: bool) -> bool:
        """May the claim turn the printed sign in all rows? Where the rules hold so while no other column is turned,
        else where a minus is left out in a column of money in or out that has its head."""
        heard, examples = self.rules.negated(leaf), self.table.examples
        if heard == "changed":
            return False
        if heard == "kept" and not any(examples[other].turned for other in examples if other != leaf):
            return True
        known = self.table.pages.leaves[leaf]
        return headed and examples[leaf].unsigned and bool(IN_OR_OUT.search(" ".join((known.name, *known.labels))))

    def _apart(self, leaf: str, other: str, row: int, page: int) -> float:
        """How sure it is that the leaf's column is not the other leaf's."""
        strip = self.table.strip(row, other, page)
        if strip and self.told(other, row, page):
            return BY_RULE
        heard = self.rules.exchanged(leaf, other)
        if heard:
            return BY_RULE if heard == "kept" else UNTOLD
        if self._like_each_other(leaf, other):
            return UNTOLD
        own, its = self._at.get(leaf), self._at.get(other)
        if own is not None and its is not None:
            order = list(self.table.pages.leaves)
            return BY_ORDER if (own < its) == (order.index(leaf) < order.index(other)) and own != its else UNTOLD
        return self._apart_from_unclaimed(leaf, other, page)

    def _like_each_other(self, leaf: str, other: str) -> bool:
        """Is the column of prices printed without decimals, and the other one, which is none, with?"""
        leaves, examples = self.table.pages.leaves, self.table.examples
        return any(
            leaves[price].kind == "money" != leaves[count].kind and examples[count].cents and not examples[price].cents
            for price, count in ((leaf, other), (other, leaf))
        )

    def _apart_from_unclaimed(self, leaf: str, other: str, page: int) -> float:
        """The rows may hold the other leaf too, and the claim may have taken its column."""
        leaves, head = self.table.pages.leaves, self.table.pages.heads.get(page)
        if (head and other in head.leaves) or leaves[leaf].kind != leaves[other].kind or not is_firm(leaves[leaf]):
            return BY_RULE
        if {leaf, other} <= self._sparse or self._spare_numbers:
            return UNTOLD
        return BY_ORDER

    @cached_property
    def _sure(self) -> dict[tuple[str, int], float]:
        return {}

    @cached_property
    def _at(self) -> dict[str, float]:
        """Where the values of each leaf stand: the middle of their middles, from the left."""
        found = {leaf: examples.middles for leaf, examples in self.table.examples.items()}
        return {leaf: median(middles) for leaf, middles in found.items() if middles}

    @cached_property
    def _sparse(self) -> frozenset[str]:
        """Columns of which a row has one (money in, money out)."""
        tables = doctype_to_tables(self.table.pages.sight.doctype)
        return frozenset(pointer for table in tables for pointer in table.sparse)

    @cached_property
    def _spare_numbers(self) -> bool:
        """Do most rows hold an amount that no leaf claims?"""
        seen = [n for n, band in enumerate(self.table.bands) if band and self.table.firm[n]][:SEEN]
        spare = sum(map(self._has_spare, seen))
        return 2 * spare > len(seen)

    def _has_spare(self, row: int) -> bool:
        band, pages = self.table.bands[row], self.table.pages
        assert band is not None  # noqa: S101 - asked of rows with a place
        claimed = {abs(v) for v in self.table.rows[row].values() if not isinstance(v, str | bool)}
        return any(
            form.decimals and form.value is not None and abs(form.value) not in claimed
            for at in range(band.first, band.last)
            for form in pages.forms[at]
        )


def sort_of_leaf(leaf: Leaf) -> str:
    """Leaves of one sort may be taken for each other: all numbers, all dates, all texts of one kind."""
    if leaf.type in ("number", "integer"):
        return "number"
    return leaf.kind
