"""A result held against what is right: an outcome for every value, rows matched by content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from engine.doctype import DocumentType, Leaf
from engine.pointer import escape, tokens
from engine.regress.pair import Cells, out_of_order, pair_rows
from engine.regress.ran import RIGHT, RanField
from engine.regress.same import EXACT, keys_near, outcome_of, written
from engine.result import Field, Result

IN_ORDER = "rows in order"
"""What is expected of an array whose rows all are there in another order."""
NOBODY = Field(None)
"""The field of a value that the result has no place for: a row or an entry that is missing."""


@dataclass(frozen=True)
class Shape:
    """What the type says of a place. Without a type, or outside of it, a place is told by the data alone."""

    doctype: DocumentType | None

    def leaf(self, pattern: str) -> Leaf | None:
        return self._leaves.get(pattern)

    def below(self, pattern: str, key: str | int) -> str:
        """The pattern of a member or row: ``*`` for an index and for a key of an open map."""
        named = f"{pattern}/{escape(str(key))}"
        return f"{pattern}/*" if isinstance(key, int) or (self.is_open(pattern) and named not in self._known) else named

    def is_open(self, pattern: str) -> bool:
        """Whether an object is an open map (perhaps with declared fields beside)."""
        leaf = self._leaves.get(f"{pattern}/*")
        return leaf is not None and leaf.open_map

    @cached_property
    def _leaves(self) -> dict[str, Leaf]:
        return {leaf.pointer: leaf for leaf in self.doctype.leaves} if self.doctype else {}

    @cached_property
    def _known(self) -> frozenset[str]:
        """Every pattern of the type, those of containers too."""
        parts = (tokens(pattern) for pattern in self._leaves)
        return frozenset("".join(f"/{token}" for token in part[:end]) for part in parts for end in range(len(part) + 1))


def compare(
    expected: Mapping[str, Any], result: Result, doctype: DocumentType | None, tolerances: Mapping[str, Decimal]
) -> tuple[RanField, ...]:
    """An entry for every value that is right or found, and for every null that both agree on.

    A row without a counterpart has its values ``missing`` or ``invented``, and so has whatever stands where another
    shape does (one value in place of a list). Rows that all are there in another order
    have one more entry, ``wrong``, at their array. ``tolerances`` count for a leaf's pattern, outside of arrays for a
    pointer too (an entry of an open map).
    """
    comparison = _Comparison(Shape(doctype), result.fields, tolerances)
    return tuple(comparison.of(_Place("", "", ""), expected, result.data))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a right and a found value stand, None where there is none; ``pattern`` is common to both."""

    path: str | None
    found_at: str | None
    pattern: str


@dataclass(frozen=True, slots=True)
class _Comparison:
    shape: Shape
    fields: Mapping[str, Field]
    tolerances: Mapping[str, Decimal]

    def of(self, place: _Place, expected: Any, found: Any) -> Iterator[RanField]:
        if expected is not None and found is not None and _shape(expected) != _shape(found):
            yield from self.of(place, expected, None)
            yield from self.of(place, None, found)
        elif isinstance(expected, list) or isinstance(found, list):
            yield from self._rows(place, _list(expected), _list(found))
        elif isinstance(expected, Mapping) or isinstance(found, Mapping):
            yield from self._members(place, _mapping(expected), _mapping(found))
        else:
            yield from self._value(place, expected, found)

    def _value(self, place: _Place, expected: Any, found: Any) -> Iterator[RanField]:
        alone = place.path is None or place.found_at is None
        if alone and expected is None and found is None:  # a null of a row that has no counterpart
            return
        leaf = self.shape.leaf(place.pattern)
        field = self.fields.get(place.found_at or "", NOBODY)
        yield RanField(
            path=place.path,
            found_at=place.found_at,
            leaf=place.pattern,
            outcome=outcome_of(expected, found, leaf, self._tolerance(place.pattern, place.path)),
            expected=expected,
            found=found,
            verdict=field.verdict,
            missing=field.missing if found is None else None,
        )

    def _tolerance(self, pattern: str, path: str | None = None) -> Decimal:
        return self.tolerances.get(path or pattern, self.tolerances.get(pattern, EXACT))

    def _members(self, place: _Place, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[RanField]:
        pairs = {name: name for name in expected if name in found}
        if self.shape.is_open(place.pattern):
            pairs |= _labels(expected, found, pairs)
        for name, value in expected.items():
            other = pairs.get(name)
            # a member that a declared object lacks is null there; an entry that an open map lacks is not there
            found_at = other if other is not None or self._is_entry(place, name) else name
            yield from self.of(self._below(place, name, found_at), value, None if other is None else found[other])
        matched = set(pairs.values())
        for name, value in found.items():
            if name not in matched:
                path = None if self._is_entry(place, name) else name
                yield from self.of(self._below(place, path, name), None, value)

    def _is_entry(self, place: _Place, name: str) -> bool:
        return self.shape.below(place.pattern, name).endswith("/*")

    def _rows(self, place: _Place, expected: list[Any], found: list[Any]) -> Iterator[RanField]:
        pattern = f"{place.pattern}/*"
        right, other = ([dict(self._values(pattern, row)) for row in rows] for rows in (expected, found))
        near = {
            column: partial(self._near, column, right, other)
            for column in dict.fromkeys(column for row in right for column in row)
            if self._tolerance(column)
        }
        pairs = pair_rows(
            [self._cells(row, around=True) for row in right], [self._cells(row, around=False) for row in other], near
        )
        for i, row in enumerate(expected):
            j = pairs.get(i)
            yield from self.of(self._below(place, i, j), row, None if j is None else found[j])
        for j in sorted(set(range(len(found))) - set(pairs.values())):
            yield from self.of(self._below(place, None, j), None, found[j])
        if turned := out_of_order(pairs):
            words = f"row {turned[1] + 1} after row {turned[0] + 1}"
            yield RanField(place.path, place.found_at, place.pattern, "wrong", IN_ORDER, words, "unchecked")

    def _cells(self, row: Mapping[str, Any], *, around: bool) -> Cells:
        return {
            column: keys_near(value, self.shape.leaf(column), self._tolerance(column), around=around)
            for column, value in row.items()
            if value is not None
        }

    def _near(self, column: str, right: list[dict[str, Any]], found: list[dict[str, Any]], i: int, j: int) -> bool:
        leaf, tolerance = self.shape.leaf(column), self._tolerance(column)
        return outcome_of(right[i][column], found[j][column], leaf, tolerance) in RIGHT

    def _values(self, pattern: str, node: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(node, Mapping):
            for name, child in node.items():
                yield from self._values(self.shape.below(pattern, name), child)
        else:
            yield pattern, repr(node) if isinstance(node, list) else node

    def _below(self, place: _Place, key: str | int | None, found_key: str | int | None) -> _Place:
        known = found_key if key is None else key
        assert known is not None  # noqa: S101 - a pair has at least one side
        return _Place(
            None if key is None or place.path is None else f"{place.path}/{escape(str(key))}",
            None if found_key is None or place.found_at is None else f"{place.found_at}/{escape(str(found_key))}",
            self.shape.below(place.pattern, known),
        )


def _labels(expected: Mapping[str, Any], found: Mapping[str, Any], taken: Mapping[str, str]) -> dict[str, str]:
    """The entries of an open map whose names are the same label in another writing."""
    left: dict[str, list[str]] = defaultdict(list)
    for name in reversed(list(found)):
        if name not in taken:
            left[_label(name)].append(name)
    return {name: left[_label(name)].pop() for name in expected if name not in taken and left.get(_label(name))}


def _label(name: str) -> str:
    return written(name) or name


def _shape(node: Any) -> type:
    return next((shape for shape in (list, Mapping) if isinstance(node, shape)), object)


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}
