"""Letters of a claimed text paired with the letters of a page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from rapidfuzz.distance import Levenshtein

from engine.values.lettering import Lettering

Pairs = list[tuple[int | None, int | None]]


def paired(claimed: str, letters: str, begin: int, end: int) -> Iterator[tuple[int | None, int | None]]:
    """Letters of the claim with letters of the page, in order; None where one has no counterpart."""
    for step in Levenshtein.opcodes(claimed, letters[begin:end]):
        ours, theirs = range(step.src_start, step.src_end), range(begin + step.dest_start, begin + step.dest_end)
        if step.tag == "delete":
            yield from ((i, None) for i in ours)
        elif step.tag == "insert":
            yield from ((None, j) for j in theirs)
        else:
            yield from zip(ours, theirs, strict=True)


def slid(pairs: Pairs, side: int, lettering: Lettering) -> Pairs:
    """The same pairs where a block without counterpart is moved to the left until it is whole words, if it can be:
    of "of ohio" against "ohio" it is "of" that is lost, not the "fo" in the middle."""
    slid, at = list(pairs), 0
    while at < len(slid):
        size = next((n for n, pair in enumerate(slid[at:]) if pair[1 - side] is not None), len(slid) - at)
        if size:
            by = _slide(slid[:at], side, lettering, size)
            slid[at - by : at + size] = _moved(slid[at - by : at + size], side, by, size)
        at += max(size, 1)
    return slid


def _slide(before: Pairs, side: int, lettering: Lettering, size: int) -> int:
    """How far a block of ``size`` letters behind ``before`` moves left to begin and end at edges; 0 if it cannot."""
    letters, edges = lettering.letters, lettering.edges
    for by, pair in enumerate(reversed(before), 1):
        begin = pair[side]
        if begin is None or None in pair or letters[begin] != letters[begin + size]:
            return 0
        if _at_edge(edges, begin) and _at_edge(edges, begin + size):
            return by
    return 0


def _moved(pairs: Pairs, side: int, by: int, size: int) -> Pairs:
    own = [pair[side] for pair in pairs]
    others = [*(None for _ in range(size)), *(pair[1 - side] for pair in pairs[:by])]
    return list(zip(own, others, strict=True)) if side == 0 else list(zip(others, own, strict=True))


def _at_edge(edges: tuple[int, ...], at: int) -> bool:
    return edges[bisect_left(edges, at)] == at
