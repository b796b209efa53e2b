"""The rules that a few samples keep without having been told them: sums, products, balances, rates, date order.

What is found is proposed, with how often it held, and a person reviews it. A rule that could well hold by accident is
left out, and one with little to go by is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.arithmetic import as_date
from engine.infer.date_orders import date_orders
from engine.infer.idea import Idea, dotted, numbers
from engine.infer.products import products, rates
from engine.infer.relations import Line, Relation, enough, find_relations
from engine.leaf import Leaf
from engine.pointer import expand, fill, keys_of
from engine.rules import apply, parse_rule


@dataclass(frozen=True, slots=True)
class FoundCheck:
    """``rule`` is an entry of ``x-checks``. It applied to ``of`` samples and held in ``held`` of them.

    ``words`` say what sort of rule it is and how often it held.
    """

    rule: str | dict[str, Any]
    held: int
    of: int
    words: str


def find_checks(samples: Sequence[Mapping[str, Any]], leaves: Sequence[Leaf]) -> tuple[FoundCheck, ...]:
    """Rules that the samples' data keep; numbers in it are int or Decimal, dates ISO. Simple ones come first.

    A rule must apply in two samples at least and hold in all, or of five and more in nearly all.
    """
    named = [leaf for leaf in leaves if dotted(leaf.pointer) and not leaf.open_map]
    singles = [leaf for leaf in named if not leaf.in_array]
    arrays = list(dict.fromkeys(leaf.array for leaf in named if leaf.array and leaf.array.count("*") == 0))
    ideas: list[Idea] = []
    for array in arrays:
        columns = [leaf for leaf in named if leaf.array == array and leaf.pointer.startswith(f"{array}/*/")]
        rows = [row for sample in samples for row in _rows(sample, array, columns, singles)]
        found = [*products(rows, numbers(columns)), *_row_sums(rows, columns), *date_orders(rows, columns)]
        ideas += [Idea(f"each({dotted(array)}): {i.text}", f"{i.sort} in each row", i.sure, i.tolerance) for i in found]
    sums = _column_sums(samples, named)
    lines = [_document(sample, singles, sums) for sample in samples]
    ideas += [*_document_sums(lines, singles, sums), *products(lines, numbers(singles)), *date_orders(lines, singles)]
    ideas += rates(lines, singles)
    judged = (_judged(idea, samples, tuple(leaves)) for idea in ideas)
    return tuple(check for check in judged if check is not None)


def _judged(idea: Idea, samples: Sequence[Mapping[str, Any]], leaves: tuple[Leaf, ...]) -> FoundCheck | None:
    told = {"rule": idea.text, "tolerance": idea.tolerance}
    rule = parse_rule(told, "", leaves)
    outcomes = [[outcome.holds for outcome in apply(rule, sample)] for sample in samples]
    applied = [[holds for holds in each if holds is not None] for each in outcomes]
    units = [holds for each in applied for holds in each]
    held, of = sum(bool(each) and all(each) for each in applied), sum(map(bool, applied))
    if of < 2 or not enough(sum(units), len(units)):
        return None
    entry: dict[str, Any] = {"rule": idea.text}
    entry |= {"tolerance": idea.tolerance} if idea.tolerance else {}
    entry |= {} if idea.sure and held == of else {"severity": "warning"}
    return FoundCheck(entry if len(entry) > 1 else idea.text, held, of, f"{idea.sort}, held in {held} of {of} samples")


# ---------------------------------------------------------------- samples as lines of values


def _exact(value: Any) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _value(leaf: Leaf, value: Any) -> Any:
    return (value if as_date(value) else None) if leaf.kind == "date" else _exact(value)


def _column_sums(samples: Sequence[Mapping[str, Any]], named: Sequence[Leaf]) -> dict[str, Leaf]:
    """The sum of each column of numbers as a rule writes it; with nulls as 0 where a cell may be empty."""
    sums: dict[str, Leaf] = {}
    for leaf in numbers(named):
        if leaf.in_array:
            gaps = any(value is None for sample in samples for _, value in expand(sample, leaf.pointer))
            name = dotted(leaf.pointer)
            sums[f"sum(zero({name}))" if gaps else f"sum({name})"] = leaf
    return sums


def _document(sample: Mapping[str, Any], singles: Sequence[Leaf], sums: Mapping[str, Leaf]) -> dict[str, Any]:
    """The single values of a sample by name, and what the columns of two rows or more add up to."""
    line = {dotted(leaf.pointer): _value(leaf, next(expand(sample, leaf.pointer))[1]) for leaf in singles}
    for name, leaf in sums.items():
        cells = [_exact(value) or Decimal(0) for _, value in expand(sample, leaf.pointer)]
        line[name] = sum(cells, Decimal(0)) if len(cells) >= 2 else None
    return line


def _rows(
    sample: Mapping[str, Any], array: str, columns: Sequence[Leaf], singles: Sequence[Leaf]
) -> Iterator[dict[str, Any]]:
    """The rows by the columns' names, each with the numbers of the row before it as ``prev(name)``."""
    before = {leaf.name: next(expand(sample, leaf.pointer))[1] for leaf in singles}
    before = {name.removeprefix("opening_"): value for name, value in before.items() if name.startswith("opening_")}
    for keys in keys_of(sample, f"{array}/*"):
        row = {leaf.name: _value(leaf, next(expand(sample, fill(leaf.pointer, keys)))[1]) for leaf in columns}
        yield row | {f"prev({leaf.name})": _value(leaf, before.get(leaf.name)) for leaf in columns}
        before = row


# ---------------------------------------------------------------- sums


def _document_sums(lines: Sequence[Line], singles: Sequence[Leaf], sums: Mapping[str, Leaf]) -> Iterator[Idea]:
    for kind in ("money", "quantity"):
        names = [dotted(leaf.pointer) for leaf in numbers(singles, kind)]
        names += [name for name, leaf in sums.items() if leaf.kind == kind]  # last: a subtotal explains more simply
        for relation in find_relations(lines, names, frozenset(sums)):
            if any(name not in sums for name in relation.signs):
                yield _sum_idea(relation, sum(name in sums for name in relation.signs) == 1)


def _row_sums(rows: Sequence[Line], columns: Sequence[Leaf]) -> Iterator[Idea]:
    """Sums within a row and with the row before: a balance carried on."""
    for kind in ("money", "quantity"):
        names = [leaf.name for leaf in numbers(columns, kind)]
        for relation in find_relations(rows, names):
            yield _sum_idea(relation, False)
        for name in names:
            before = f"prev({name})"
            carried = find_relations(rows, [before, *(n for n in names if n != name), name], frozenset((before, name)))
            for relation in carried:
                if {before, name} <= relation.signs.keys() and len(relation.signs) > 2:
                    yield _sum_idea(relation, False, name, "a running balance")


def _sum_idea(relation: Relation, of_column: bool, target: str | None = None, sort: str = "a sum") -> Idea:
    target = target or _made_of_others(relation)
    if len(relation.signs) == 2:
        left, right = sorted(relation.signs, key=lambda name: not name.startswith("sum("))
        return Idea(f"{left} == {right}", "a sum of a column" if of_column else "two equal", of_column)
    turn = -relation.signs[target]
    terms = [(name, sign * turn) for name, sign in relation.signs.items() if name != target]
    terms.sort(key=lambda term: -term[1])  # what is added comes first
    text = "".join(f" {'+' if sign > 0 else '-'} {_term(name, relation)}" for name, sign in terms)
    return Idea(f"{target} == {text.removeprefix(' + ')}", sort)


def _made_of_others(relation: Relation) -> str:
    """The field that the others make; a column's sum only where it alone can be that."""
    target = relation.target
    single = [name for name in relation.signs if not name.startswith("sum(")]
    signs = list(relation.signs.values())
    alone = signs.count(relation.signs[target]) == 1
    return target if alone or target in single else single[-1]


def _term(name: str, relation: Relation) -> str:
    return f"zero({name})" if name in relation.optional else name
