"""What the type's own rules say of a candidate: does ``total == subtotal + tax`` hold if this is the total?

The other operands are what stands right of or below their labels. A rule that nearly every combination
satisfies (``tax < total``) tells nothing and counts for nothing. This picks among printed candidates; whether
the chosen value is right is for the witness to say, since sums can be made to fit.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from engine.label.candidates import Candidate
from engine.label.features import Pool
from engine.pointer import set_at
from engine.rules import Rule, holds

MOST_VALUES = 30  # candidates of a leaf that are tried, largest first: closing amounts are large
MOST_OPERANDS = 3
AT_LABEL = 0.1  # strength (0..1) from which an amount may be that of a label: across a receipt it falls to 0.2
TELLING = 0.25  # share of combinations that may hold before a rule says nothing


def rule_support(leaf: str, pools: dict[str, Pool], rules: Sequence[Rule]) -> list[float]:
    """For each candidate of ``leaf`` (0..1) how well the rules that name it hold; ``pools`` by leaf pointer."""
    pool = pools[leaf]
    support = [0.0] * len(pool.candidates)
    for rule in rules:
        names = {pattern for pattern, _ in rule.names.values()}
        if leaf in names and names <= pools.keys() and len(names) > 1 and sharp(rule):
            for i in holding(rule, leaf, sorted(names - {leaf}), pools):
                support[i] = min(1.0, support[i] + 0.5)
    return support


def sharp(rule: Rule) -> bool:
    """An equation, or a difference held under a constant."""
    compared = rule.node.ops[0]
    return isinstance(compared, ast.Eq) or isinstance(rule.node.comparators[0], ast.Constant)


def holding(rule: Rule, leaf: str, others: Sequence[str], pools: dict[str, Pool]) -> set[int]:
    """Indices of the leaf's candidates with which the rule holds, none where it holds for almost any."""
    pool = pools[leaf]
    operands = [labelled(other, pools[other]) for other in others]
    if not all(operands):
        return set()
    tried: dict[Any, bool] = {}
    for value, places in largest(pool):
        tried[value] = any(
            fits(rule, {leaf: value, **dict(zip(others, (c.value for c in chosen), strict=True))})
            for chosen in combinations(operands, places)
        )
    if not tried or sum(tried.values()) > max(1, TELLING * len(tried)):
        return set()
    return {i for i, c in enumerate(pool.candidates) if tried.get(c.value)}


def labelled(leaf: str, pool: Pool) -> list[Candidate]:
    """The candidates that stand best to the labels of ``leaf``, each value once."""
    ranked = sorted(
        (
            (max((r.strength for r in around if r.anchor.leaf == leaf and r.passed == 0), default=0.0), i)
            for i, around in enumerate(pool.relations)
        ),
        reverse=True,
    )
    best: dict[Any, Candidate] = {}
    for strength, i in ranked:
        if strength > AT_LABEL and len(best) < MOST_OPERANDS:
            best.setdefault(pool.candidates[i].value, pool.candidates[i])
    return list(best.values())


def largest(pool: Pool) -> list[tuple[Any, list[Candidate]]]:
    """Distinct values, largest first, each with the places where it is printed."""
    places: dict[Any, list[Candidate]] = {}
    for candidate in pool.candidates:
        places.setdefault(candidate.value, []).append(candidate)
    return sorted(places.items(), key=lambda item: item[0], reverse=True)[:MOST_VALUES]


def combinations(
    operands: Sequence[Sequence[Candidate]], places: Sequence[Candidate]
) -> Iterator[tuple[Candidate, ...]]:
    """Choices of operands in which no printed amount serves twice."""
    for chosen in product(*operands):
        used = [c.words for c in chosen]
        if len(set(map(id, (words[0] for words in used)))) == len(used) and any(p.words not in used for p in places):
            yield chosen


def fits(rule: Rule, values: dict[str, Any]) -> bool:
    data: dict[str, Any] = {}
    for pointer, value in values.items():
        set_at(data, pointer, value)
    return holds(rule, data)
