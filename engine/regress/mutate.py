"""A test that can't fail is found out: every right value is altered in turn, and the comparison must notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from engine.arithmetic import as_date, shown
from engine.doctype import DocumentType, Leaf
from engine.pointer import escape, set_at, tokens
from engine.regress.case import Case
from engine.regress.compare import Shape, compare
from engine.regress.ran import RIGHT, Ran, RanField
from engine.result import Result


@dataclass(frozen=True, slots=True)
class Mutation:
    """The right data with one thing altered; ``what`` says it in words. ``tolerance`` is the one under which it went
    unnoticed (None: without any)."""

    path: str
    leaf: str
    what: str
    expected: Mapping[str, Any] = field(repr=False, hash=False)
    tolerance: Decimal | None = None

    def __str__(self) -> str:
        swallowed = "" if self.tolerance is None else f", within its tolerance of {shown(self.tolerance)}"
        return f"{self.path}: {self.what}{swallowed}"


def unnoticed(case: Case, result: Result, doctype: DocumentType | None, ran: Ran) -> tuple[Mutation, ...]:
    """The alterations under which ``result``, the one that ``ran`` was made of, compares as it did before.

    Where a value is wrong anyhow, another right value counts as noticed: the accepted run holds it.
    """
    before = _noticeable(ran.fields)
    return tuple(
        replace(mutation, tolerance=_tolerance(case, mutation))
        for mutation in mutations(case, doctype)
        if _noticeable(compare(mutation.expected, result, doctype, case.tolerances)) == before
    )


def _noticeable(fields: tuple[RanField, ...]) -> list[tuple[Any, ...]]:
    """What a person would be told: equal for exact goes unseen, and so does a null that is right."""
    return [
        (f.path, f.found_at, "right" if f.outcome in RIGHT else (f.outcome, f.expected))
        for f in fields
        if f.outcome != "absent"
    ]


def _tolerance(case: Case, mutation: Mutation) -> Decimal | None:
    return case.tolerances.get(mutation.path, case.tolerances.get(mutation.leaf))


def mutations(case: Case, doctype: DocumentType | None) -> Iterator[Mutation]:
    """Every value altered as a misreading would alter it, taken away and, where null, filled in; every row dropped
    and doubled, a cell of neighbouring rows swapped; every name of an open map altered."""
    shape = Shape(doctype)
    for path, pattern, node in _nodes(case.expected, shape, "", ""):
        if isinstance(node, list):
            yield from _row_mutations(case.expected, path, pattern, node)
        elif isinstance(node, dict):
            yield from _name_mutations(case.expected, path, pattern, node, shape)
        else:
            leaf = shape.leaf(pattern)
            for other in _others(node, leaf):
                yield _set(case.expected, path, pattern, other, f"{_told(other)} instead of {_told(node)}")


def _nodes(node: Any, shape: Shape, path: str, pattern: str) -> Iterator[tuple[str, str, Any]]:
    yield path, pattern, node
    members: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(node, dict | list):
        members = iter(node.items() if isinstance(node, dict) else enumerate(node))
    for key, child in members:
        yield from _nodes(child, shape, f"{path}/{escape(str(key))}", shape.below(pattern, key))


# ---------------------------------------------------------------- one value


def _others(value: Any, leaf: Leaf | None) -> Iterator[Any]:
    """Other values that are easily taken for this one, the nearest first."""
    if value is None:
        yield _filling(leaf)
        return
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | Decimal):
        yield from dict.fromkeys((_with_digit(value, last=True), _with_digit(value, last=False)))
    elif isinstance(value, str):
        yield from _other_texts(value)
    yield None


def _filling(leaf: Leaf | None) -> Any:
    if leaf is None or leaf.choices:
        return leaf.choices[0] if leaf else "x"
    if leaf.type == "string":
        return "2000-01-01" if leaf.kind == "date" else "x"
    return True if leaf.type == "boolean" else 1


def _with_digit(number: int | Decimal, *, last: bool) -> int | Decimal:
    """The number with its last or first digit altered, its decimals kept."""
    exact = Decimal(number)
    sign, digits, _ = exact.as_tuple()
    at = len(digits) - 1 if last else 0
    digit = digits[at] % 9 + 1  # never 0, so that the first digit stays one
    made = Decimal((sign, (*digits[:at], digit, *digits[at + 1 :]), 0)).scaleb(exact.adjusted() - len(digits) + 1)
    return int(made) if isinstance(number, int) else made


def _other_texts(text: str) -> Iterator[str]:
    """Another day or year of a date; else the first letter and the first figure altered."""
    day = as_date(text)
    if day is not None:
        yield (day + timedelta(days=1 if day.day < 28 else -1)).isoformat() + text[10:]
        yield text[:3] + _other_char(text[3]) + text[4:]
        return
    at = [next((i for i, char in enumerate(text) if of(char)), None) for of in (str.isalpha, str.isdecimal)]
    yield from (text[:i] + _other_char(text[i]) + text[i + 1 :] for i in at if i is not None)
    if at == [None, None]:
        yield f"{text}x"


def _other_char(char: str) -> str:
    if char.isdecimal():
        return str(int(char) % 9 + 1)
    return "x" if char not in "xX" else "y"


# ---------------------------------------------------------------- rows and names


def _row_mutations(data: Mapping[str, Any], path: str, pattern: str, rows: list[Any]) -> Iterator[Mutation]:
    for i, row in enumerate(rows):
        yield _set(data, path, pattern, rows[:i] + rows[i + 1 :], f"row {i + 1} dropped")
        yield _set(data, path, pattern, [*rows[: i + 1], row, *rows[i + 1 :]], f"row {i + 1} doubled")
    for i, (one, two) in enumerate(pairwise(rows)):
        column = next((c for c in one if one[c] != two.get(c)), None) if isinstance(one, dict) else None
        if column is not None:
            swapped = [*rows[:i], one | {column: two.get(column)}, two | {column: one[column]}, *rows[i + 2 :]]
            yield _set(data, path, pattern, swapped, f"{column} of rows {i + 1} and {i + 2} swapped")


def _name_mutations(
    data: Mapping[str, Any], path: str, pattern: str, node: dict[str, Any], shape: Shape
) -> Iterator[Mutation]:
    for name, value in node.items():
        other = next(_other_texts(name))
        if shape.below(pattern, name).endswith("/*") and value is not None and other not in node:
            renamed = {other if key == name else key: inner for key, inner in node.items()}
            yield _set(data, path, pattern, renamed, f"{_told(other)} instead of the name {_told(name)}")


def _set(data: Mapping[str, Any], path: str, pattern: str, value: Any, what: str) -> Mutation:
    if not tokens(path):
        return Mutation(path, pattern, what, value)
    altered = deepcopy(dict(data))
    set_at(altered, path, value)
    return Mutation(path, pattern, what, altered)


def _told(value: Any) -> str:
    return "null" if value is None else shown(value)
