"""Rows matched by what they hold: the pairs of right and found rows, whatever their indices.

A dropped row is then one row that is missing, and not a whole table that is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq

Cells = Mapping[str, tuple[Hashable, ...]]
"""A row: its columns with the keys of their values, the exact one first (:func:`engine.regress.same.keys_near`); nulls
left out."""
Pairs = dict[int, int]
Near = Mapping[str, Callable[[int, int], bool]]
"""By column, where keys alone do not tell: whether its cells in a right and a found row are the same."""


def pair_rows(right: Sequence[Cells], found: Sequence[Cells], near: Near) -> Pairs:
    """Index of a right row -> index of its found row, in the order of the right rows.

    Rows that are alike in every cell come first, in their order as far as that goes; then the pair that shares the
    most cells, of several the one that fits the order best. Rows that share nothing stay alone.
    """
    names: dict[Hashable, int] = {}
    alike = [[frozenset((column, keys[0]) for column, keys in row.items()) for row in rows] for rows in (right, found)]
    ids = [[names.setdefault(row, len(names)) for row in rows] for rows in alike]
    pairs = _alike(*ids)
    pairs |= _likest(right, found, near, pairs)
    _untangle(pairs, ids[0])
    flipped = {j: i for i, j in pairs.items()}
    _untangle(flipped, ids[1])
    return dict(sorted((i, j) for j, i in flipped.items()))


def out_of_order(pairs: Pairs) -> tuple[int, int] | None:
    """The first two found rows (the later one first) that stand the other way round than the right ones."""
    order = [pairs[i] for i in sorted(pairs)]
    return next(((a, b) for a, b in pairwise(order) if a > b), None)


def _alike(right: Sequence[int], found: Sequence[int]) -> Pairs:
    pairs: Pairs = {}
    for step in LCSseq.opcodes(right, found):
        if step.tag == "equal":
            pairs |= zip(range(step.src_start, step.src_end), range(step.dest_start, step.dest_end), strict=True)
    taken = set(pairs.values())
    left: dict[int, list[int]] = defaultdict(list)
    for j in reversed(range(len(found))):
        if j not in taken:
            left[found[j]].append(j)
    return pairs | {i: left[row].pop() for i, row in enumerate(right) if i not in pairs and left.get(row)}


def _likest(right: Sequence[Cells], found: Sequence[Cells], near: Near, taken: Pairs) -> Pairs:
    """The rest, greedily: the best pair first; of equals one that stands between the same rows that are alike."""
    rows = [i for i in range(len(right)) if i not in taken]
    others = sorted(set(range(len(found))) - set(taken.values()))
    shared = _shared({i: right[i] for i in rows}, {j: found[j] for j in others}, near)
    before, beside = np.searchsorted(sorted(taken), rows), np.searchsorted(sorted(taken.values()), others)
    at, to = np.nonzero(shared)
    best_first = np.lexsort((to, at, abs(before[at] - beside[to]), -shared[at, to]))
    pairs: Pairs = {}
    used: set[int] = set()
    for a, b in zip(at[best_first].tolist(), to[best_first].tolist(), strict=True):
        if rows[a] not in pairs and b not in used:
            pairs[rows[a]] = others[b]
            used.add(b)
    return pairs


def _shared(right: Mapping[int, Cells], found: Mapping[int, Cells], near: Near) -> NDArray[np.int16]:
    """How many cells each pair of rows shares, right rows down, found rows across."""
    shared = np.zeros((len(right), len(found)), np.int16)
    for column in {column for row in right.values() for column in row}:
        holders: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
        for at, (j, row) in enumerate(found.items()):
            for each in row.get(column, ()):
                holders[each].append((at, j))
        same = near.get(column)
        for at, (i, row) in enumerate(right.items()):
            met = {both for each in row.get(column, ()) for both in holders.get(each, ())}
            shared[at, [beside for beside, j in met if same is None or same(i, j)]] += 1
    return shared


def _untangle(pairs: Pairs, ids: Sequence[int]) -> None:
    """Rows that are the same row twice take their partners in order."""
    same: dict[int, list[int]] = defaultdict(list)
    for i in sorted(pairs):
        same[ids[i]].append(i)
    for rows in same.values():
        pairs |= zip(rows, sorted(pairs[i] for i in rows), strict=True)
