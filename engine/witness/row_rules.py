"""What the type's own rules over the rows say of the claimed columns.

A column that is learnt from the claims alone confirms whatever is claimed of it. The rules are another voice: where
they hold as claimed and fail with two columns exchanged, or with a column's sign turned, the claim has the columns
right; where it is the other way round, it has them wrong. A rule that is symmetric in both says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from engine.doctype import DocumentType
from engine.pointer import array_of, tokens
from engine.rules import Rule, RuleOutcome, apply, holds_with

Word = Literal["kept", "changed"]
ASKED = 60  # rows that tell of a column
OUTVOTED = 4  # times as many rows must speak for one way than for the other


@dataclass(frozen=True)
class RowRules:
    """``rules`` go over the rows of ``array``; ``data`` holds the claimed values, rows in their order."""

    array: str = ""
    rules: tuple[Rule, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def failing(self) -> frozenset[str]:
        """The pointers of all operands of a rule that fails in a row (rows numbered as in ``data``)."""
        return frozenset(path for outcome in self._outcomes if outcome.holds is False for path in outcome.paths)

    def exchanged(self, one: str, other: str) -> Word | None:
        """Whether the rules speak for two leaves (patterns) as claimed, or for them exchanged."""
        key = (min(one, other), max(one, other))
        if key not in self._heard:
            self._heard[key] = self._heard_with(key, lambda row: self._swap(row, one, other))
        return self._heard[key]

    def negated(self, leaf: str) -> Word | None:
        """Whether the rules speak for the sign of a leaf as claimed, or for the other one."""
        if (leaf,) not in self._heard:
            self._heard[leaf,] = self._heard_with((leaf,), lambda row: self._turn(row, leaf))
        return self._heard[leaf,]

    @cached_property
    def _heard(self) -> dict[tuple[str, ...], Word | None]:
        return {}

    @cached_property
    def _outcomes(self) -> tuple[RuleOutcome, ...]:
        return tuple(outcome for rule in self.rules for outcome in apply(rule, self.data))

    def _heard_with(self, leaves: Sequence[str], change: Callable[[int], Mapping[str, Any]]) -> Word | None:
        about = [o for o in self._outcomes if any(o.rule.array and _reads(o.rule, leaf) for leaf in leaves)]
        told = {o.row for o in about}
        rows = sorted({int(row[-1]) for row in told})[:ASKED]
        changes = {p: v for n in (*rows, *(n - 1 for n in rows)) if n >= 0 for p, v in change(n).items()}
        kept = changed = 0
        for outcome in about:
            if int(outcome.row[-1]) not in rows:
                continue
            after = holds_with(outcome, self.data, changes)
            kept += outcome.holds is True and after is False
            changed += outcome.holds is False and after is True
        if kept > OUTVOTED * changed:
            return "kept"
        return "changed" if changed > OUTVOTED * kept else None

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        node: Any = self.data
        for token in tokens(self.array):
            node = node[token]
        rows: Sequence[Mapping[str, Any]] = node
        return rows

    def _value(self, row: int, leaf: str) -> Any:
        return self._rows()[row].get(leaf.rsplit("/", 1)[1])

    def _swap(self, row: int, one: str, other: str) -> dict[str, Any]:
        first, second = self._value(row, one), self._value(row, other)
        return {fill_row(one, row): second, fill_row(other, row): first}

    def _turn(self, row: int, leaf: str) -> dict[str, Any]:
        value = self._value(row, leaf)
        turned = -value if isinstance(value, Decimal | int) and not isinstance(value, bool) else value
        return {fill_row(leaf, row): turned}


def _reads(rule: Rule, leaf: str) -> bool:
    return any(pattern == leaf for pattern, _ in rule.names.values())


def fill_row(leaf: str, row: int) -> str:
    return leaf.replace("/*", f"/{row}", 1)


def claims_to_rules(
    doctype: DocumentType, array: str, rows: Sequence[Mapping[str, Any]], singles: Mapping[str, Any]
) -> RowRules:
    """``rows`` hold values by leaf pattern, ``singles`` those outside tables by pointer. No rules for an array that
    is not at the top, or whose rows are no objects."""
    leaves = [leaf for leaf in doctype.leaves if leaf.in_array and leaf.array == array]
    plain = array_of(array) is None and all(leaf.pointer.count("/") == array.count("/") + 2 for leaf in leaves)
    if not plain or "/*" in array:
        return RowRules()
    data: dict[str, Any] = {}
    for pointer, value in singles.items():
        _plant(data, tokens(pointer), value)
    _plant(data, tokens(array), [{leaf.name: row.get(leaf.pointer) for leaf in leaves} for row in rows])
    return RowRules(array, tuple(rule for rule in doctype.checks if rule.array == array), data)


def _plant(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for token in path[:-1]:
        data = data.setdefault(token, {})
    data[path[-1]] = value
