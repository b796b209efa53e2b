"""Sums that hold in a table of numbers: which columns, with which signs, add up to nothing in every line.

A line is a document with its single values, or a row of a table with its cells; what the columns are called does not
matter here. Numbers are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, product
from math import comb

import numpy as np

Line = Mapping[str, Decimal | None]

MOST_TERMS = 5
MANY = 14  # columns from which sums of so many terms are no longer tried
ENOUGH = 3  # lines of different numbers that a relation needs, two where they are of different documents
MISSES = 0.2  # share of lines that may be at fault, where there are five or more: a misread number, a slip
LIKELY = 0.01  # relations that may be expected to hold by chance, at the most
# all first settings: chance is estimated, not fitted


@dataclass(frozen=True, slots=True)
class Relation:
    """``signs`` by column; their signed sum is 0. ``optional`` columns count as 0 where they are null.

    ``held`` and ``of`` count lines. ``chance`` is how many such relations would be expected to hold by accident.
    """

    signs: Mapping[str, int]
    optional: frozenset[str]
    held: int
    of: int
    chance: float

    @property
    def target(self) -> str:
        """The column that the others make: the one that stands alone on its side, else the last."""
        for sign in (1, -1):
            alone = [name for name, own in self.signs.items() if own == sign]
            if len(alone) == 1:
                return alone[0]
        return list(self.signs)[-1]


def find_relations(lines: Sequence[Line], names: Sequence[str], firm: frozenset[str] = frozenset()) -> list[Relation]:
    """The simplest relations that explain most lines; none that follows from others. ``firm`` are never optional."""
    names = [name for name in names if any(line.get(name) for line in lines)]
    holding = [relation for relation in _tried(lines, names, firm) if relation is not None]
    holding.sort(key=lambda r: (-r.held, len(r.signs), len(r.optional)))
    return _independent(holding, names)


def _tried(lines: Sequence[Line], names: Sequence[str], firm: frozenset[str]) -> Iterator[Relation | None]:
    most = MOST_TERMS if len(names) <= MANY else MOST_TERMS - 2
    for size in range(2, most + 1):
        tries = comb(len(names), size) * 2 ** (size - 1)
        for chosen in combinations(names, size):
            for signs in product((1, -1), repeat=size - 1):
                yield _relation(lines, dict(zip(chosen, (*signs, 1), strict=True)), firm, tries)


def _relation(lines: Sequence[Line], signs: Mapping[str, int], firm: frozenset[str], tries: int) -> Relation | None:
    """The relation with nulls as 0 where it holds so too, else of the lines without any null; None if it does not."""
    if len({*signs.values()}) == 1:  # numbers of one sign never add up to nothing, but for a credit that is negative
        return None
    whole = [line for line in lines if all(line.get(name) is not None for name in signs)]
    made = Relation(signs, frozenset(), *_held(whole, signs), 1.0)
    optional = frozenset(name for name in signs if any(line.get(name) is None for line in lines)) - firm
    core = [name for name in signs if name not in optional or name == made.target]
    some = [line for line in lines if _applies(line, signs, core)]
    if len(some) > len(whole) and len(core) >= 2 - bool(len(signs) > 2):
        loose = Relation(signs, optional - {made.target}, *_held(some, signs), 1.0)
        if _good(loose) and _used_each(some, signs):
            made = loose
    if not _good(made):
        return None
    applied = some if made.optional else whole
    fitting = [line for line in applied if _sum(line, signs) == 0]
    return Relation(signs, made.optional, made.held, made.of, _chance(fitting, made, tries))


def _applies(line: Line, signs: Mapping[str, int], core: Sequence[str]) -> bool:
    there = sum(line.get(name) is not None for name in signs)
    return there >= 2 and all(line.get(name) is not None for name in core)


def _used_each(lines: Sequence[Line], signs: Mapping[str, int]) -> bool:
    """Whether each column is needed in two lines that hold: else it is there for nothing."""
    fitting = [line for line in lines if _sum(line, signs) == 0]
    return all(sum(bool(line.get(name)) for line in fitting) >= 2 for name in signs)


def _sum(line: Line, signs: Mapping[str, int]) -> Decimal:
    return sum((sign * (line.get(name) or Decimal(0)) for name, sign in signs.items()), Decimal(0))


def _held(lines: Sequence[Line], signs: Mapping[str, int]) -> tuple[int, int]:
    return sum(_sum(line, signs) == 0 for line in lines), len(lines)


def _good(relation: Relation) -> bool:
    return enough(relation.held, relation.of)


def enough(held: int, of: int) -> bool:
    """In all lines, or of five and more in nearly all; in two at least."""
    return held >= 2 and (held == of or (of >= 5 and of - held <= MISSES * of))


def _chance(lines: Sequence[Line], relation: Relation, tries: int) -> float:
    """Of as many relations how many hold by accident: each line's smallest number is met by one of as many values."""
    seen: set[tuple[Decimal | None, ...]] = set()
    chance = float(tries * comb(relation.of, relation.held))
    for line in lines:
        values = tuple(line.get(name) for name in relation.signs)
        terms = [abs(value) for value in values if value]
        if values in seen or len(terms) < min(2 + (len(values) > 2 and not relation.optional), len(values)):
            continue
        seen.add(values)
        chance /= 1 + float(min(terms) / unit_of(terms))
    return chance if len(seen) >= 2 else float(tries)


def unit_of(values: Sequence[Decimal]) -> Decimal:
    """The smallest step of such numbers: 0.01 of amounts, 1 of whole ones."""
    places = min((int(value.as_tuple().exponent) for value in values), default=0)
    return Decimal(1).scaleb(min(places, 0))


def _independent(holding: Sequence[Relation], names: Sequence[str]) -> list[Relation]:
    basis: list[list[int]] = []
    kept: list[Relation] = []
    for relation in holding:
        vector = [relation.signs.get(name, 0) for name in names]
        if basis and np.linalg.matrix_rank(np.array([*basis, vector])) == len(basis):
            continue
        if any(_within(relation, other) for other in kept):
            continue
        if relation.chance <= LIKELY:
            kept.append(relation)
        if relation.chance <= LIKELY or len(relation.signs) == 2:
            basis.append(vector)
    return kept


def _within(relation: Relation, other: Relation) -> bool:
    """Is it the other one for lines where some optional columns are null?"""
    if not relation.signs.keys() <= other.signs.keys():
        return False
    turn = {relation.signs[name] * other.signs[name] for name in relation.signs}
    return len(turn) == 1 and other.signs.keys() - relation.signs.keys() <= other.optional
