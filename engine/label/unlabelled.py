"""Columns whose label is not known, told by what they hold.

A type cannot list every wording of "Amount". The description is the column of words; a number is what makes a
rule over the rows hold (amount == quantity * unit_price); dates are columns of dates, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

from engine.doctype import Leaf
from engine.label.cells import Cell, Notation, cell_to_value
from engine.label.columns import Column, Head, line_to_cells
from engine.label.lines import Line
from engine.label.tables import Row, Table, is_firm, rows_to_outcomes
from engine.rules import Rule
from engine.values.dates import dates_in
from engine.values.numbers import numbers_in

ENOUGH = 0.6  # share of the rows that must agree
MOST = 8  # unknown columns with which it is tried: the number of ways grows with its cube
Parts = Sequence[Mapping[int, Line]]


def complete_head(head: Head, lines: Sequence[Line], table: Table, notation: Notation, order: str) -> Head:
    """The head with leaves for its unknown columns, as far as the lines below it tell."""
    if not lines:
        return head
    parts = [line_to_cells(line, head.columns) for line in lines]
    columns = _dates(list(head.columns), parts, table, notation, order)
    columns = _ranges(columns, parts, table)
    columns = _numbers(columns, parts, table, notation, order)
    return replace(head, columns=tuple(_text(columns, parts, table)))


def _missing(columns: Sequence[Column], leaves: Sequence[Leaf]) -> list[Leaf]:
    return [leaf for leaf in leaves if all(c.leaf is not leaf for c in columns)]


def _unknown(columns: Sequence[Column]) -> list[int]:
    return [i for i, column in enumerate(columns) if column.leaf is None]


def _with(columns: Sequence[Column], chosen: Sequence[int], leaves: Sequence[Leaf]) -> list[Column]:
    named = dict(zip(chosen, leaves, strict=True))
    return [replace(c, leaf=named[i]) if i in named else c for i, c in enumerate(columns)]


def _text(columns: list[Column], parts: Parts, table: Table) -> list[Column]:
    """The column with the most words: an unknown one, or one taken for numbers of articles ("Article")."""
    if table.text is None or not _missing(columns, [table.text]):
        return columns
    sizes = {
        i: sum(map(_wordiness, (part[i].text for part in parts if i in part)))
        for i, column in enumerate(columns)
        if column.leaf is None or column.leaf.kind == "identifier"
    }
    best = max(sizes, key=sizes.__getitem__, default=None)
    return columns if best is None or sizes[best] <= 0 else _with(columns, [best], [table.text])


def _wordiness(text: str) -> int:
    return sum(map(str.isalpha, text)) - 2 * sum(map(str.isdigit, text))


def _dates(columns: list[Column], parts: Parts, table: Table, notation: Notation, order: str) -> list[Column]:
    """Columns of dates, where there are as many as dates are missing."""
    missing = _missing(columns, [leaf for leaf in table.leaves if leaf.kind == "date"])
    if not missing:
        return columns
    dated = [
        i
        for i in _unknown(columns)
        if (held := [part[i] for part in parts if i in part])
        and sum(cell_to_value(missing[0], cell, notation, order) is not None for cell in held) > ENOUGH * len(held)
        and len(held) >= 3
    ]
    return _with(columns, dated, missing) if len(dated) == len(missing) else columns


def _ranges(columns: list[Column], parts: Parts, table: Table) -> list[Column]:
    """A column that holds two dates gives the missing leaf too."""
    missing = _missing(columns, [leaf for leaf in table.leaves if leaf.kind == "date"])
    dated = [i for i, column in enumerate(columns) if column.sort == "date"]
    if len(missing) != 1 or len(dated) != 1:
        return columns
    held = [found for part in parts if dated[0] in part and (found := dates_in(part[dated[0]].text))]
    if sum(len(found) == 2 for found in held) <= ENOUGH * len(held):
        return columns
    return [replace(c, until=missing[0]) if i == dated[0] else c for i, c in enumerate(columns)]


def _numbers(columns: list[Column], parts: Parts, table: Table, notation: Notation, order: str) -> list[Column]:
    """Try a rule's missing numbers on the unknown columns; right is what makes it hold in most rows."""
    for rule in table.rules:
        of_rule = {pattern for pattern, _ in rule.names.values()}
        leaves = [leaf for leaf in table.leaves if leaf.pointer in of_rule and is_firm(leaf)]
        missing = _missing(columns, leaves)
        unknown = [i for i in _unknown(columns) if _numeric([part[i].text for part in parts if i in part])]
        if not missing or len(unknown) > MOST or any(leaf.kind == "date" for leaf in leaves):
            continue
        for chosen in permutations(unknown, len(missing)):
            trial = _with(columns, chosen, missing)
            if _holds(rule, _rows(trial, parts, notation, order), table):
                columns = trial
                break
    return columns


def _numeric(texts: Sequence[str]) -> bool:
    return sum(bool(numbers_in(text)) for text in texts) >= 2


def _rows(columns: Sequence[Column], parts: Parts, notation: Notation, order: str) -> list[Row]:
    return [Row(read_cells(part, columns, notation, order)) for part in parts]


def read_cells(part: Mapping[int, Line], columns: Sequence[Column], notation: Notation, order: str) -> dict[str, Cell]:
    """The values of a row by leaf pointer, from its words by column."""
    cells = {}
    for number, line in part.items():
        leaf = columns[number].leaf
        cell = cell_to_value(leaf, line, notation, order) if leaf else None
        if leaf and cell:
            cells[leaf.pointer] = cell
        until = columns[number].until
        if until and len(forms := dates_in(line.text)) == 2:
            rest = replace(line, words=line.words[line.between(forms[1].start, forms[1].end)[0] :])
            second = cell_to_value(until, rest, notation, order, last=True)
            if second:
                cells[until.pointer] = second
    return cells


def _holds(rule: Rule, rows: Sequence[Row], table: Table) -> bool:
    verdicts = [verdict for verdict in rows_to_outcomes(rows, table, rule) if verdict is not None]
    return sum(verdicts) >= 2 and sum(verdicts) > ENOUGH * len(verdicts)
