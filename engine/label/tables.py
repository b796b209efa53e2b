"""What the document type says of its tables, and what its rules say of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.doctype import DocumentType, Leaf
from engine.label.cells import Cell
from engine.label.columns import NUMBERS
from engine.pointer import array_of
from engine.rules import Rule, apply


@dataclass(frozen=True, slots=True)
class Table:
    """An array of objects of the type. ``rules`` go over its rows, ``text`` is its description.

    ``others`` are the type's leaves outside it.

    ``running`` are columns that a rule reads with ``prev()``, such as a balance: alone they are no row.
    ``sparse`` are columns read with ``zero()``, such as debit and credit: any one of them makes a row.
    """

    array: str
    leaves: tuple[Leaf, ...]
    others: tuple[Leaf, ...]
    rules: tuple[Rule, ...]
    running: frozenset[str]
    sparse: frozenset[str]
    text: Leaf | None

    def keys(self, pointers: frozenset[str]) -> frozenset[str]:
        """Of these leaves those of which one must have a value where a row begins: the price of the row."""
        sparse = self.sparse & pointers
        if sparse:
            return sparse
        firm = [leaf for leaf in self.leaves if is_firm(leaf) and leaf.pointer in pointers - self.running]
        numbers = [leaf for leaf in firm if leaf.kind != "date"]
        money = [leaf for leaf in numbers if leaf.kind == "money"]
        return frozenset(leaf.pointer for leaf in (money or numbers or firm)[-1:])

    def firm(self, cells: Mapping[str, Cell]) -> list[Leaf]:
        """The numbers and dates that these cells hold."""
        return [leaf for leaf in self.leaves if leaf.pointer in cells and is_firm(leaf)]


@dataclass(frozen=True, slots=True)
class Row:
    """Values by leaf pointer. ``headed``: found under a head, not by the shape of its line alone."""

    cells: Mapping[str, Cell]
    headed: bool = True


def is_firm(leaf: Leaf) -> bool:
    """A number or date: what cannot be mistaken for a piece of a description."""
    return leaf.kind == "date" or (leaf.kind in NUMBERS and leaf.type != "string")


def doctype_to_tables(doctype: DocumentType) -> tuple[Table, ...]:
    """The arrays of plain objects at the document's own level; lists of values and nested arrays are not."""
    arrays: dict[str, list[Leaf]] = {}
    for leaf in doctype.leaves:
        array = array_of(leaf.pointer)
        if leaf.in_array and array and array_of(array) is None and not leaf.pointer.endswith("/*"):
            arrays.setdefault(array, []).append(leaf)
    return tuple(_table(array, leaves, doctype) for array, leaves in arrays.items())


def _table(array: str, leaves: Sequence[Leaf], doctype: DocumentType) -> Table:
    rules = tuple(rule for rule in doctype.checks if rule.array == array)
    others = tuple(leaf for leaf in doctype.leaves if leaf not in leaves)
    texts = [leaf for leaf in leaves if leaf.type == "string" and leaf.kind in ("text", "name") and not leaf.choices]
    named = [leaf for leaf in texts if leaf.name in ("description", "details", "item", "name")]
    text = next(iter(named + texts), None)
    return Table(array, tuple(leaves), others, rules, _inside("prev", rules), _inside("zero", rules), text)


def _inside(function: str, rules: Sequence[Rule]) -> frozenset[str]:
    call = re.compile(rf"\b{function}\(([\w.]+)\)")
    return frozenset(rule.names[name][0] for rule in rules for name in call.findall(rule.body))


def rows_to_outcomes(rows: Sequence[Row], table: Table, rule: Rule) -> list[bool | None]:
    """For each row whether the rule holds; None where it is not applicable."""
    names = [{leaf.name: _value(row, leaf) for leaf in table.leaves} for row in rows]
    return [outcome.holds for outcome in apply(rule, {table.array.removeprefix("/"): names})]


def _value(row: Row, leaf: Leaf) -> Any:
    cell = row.cells.get(leaf.pointer)
    return cell.value if cell else None
