"""Which date of a document never comes after which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from engine.arithmetic import as_date
from engine.infer.idea import Idea, dotted
from engine.leaf import Leaf

SURE = 5  # samples from which the order of two dates is more than an accident; a first setting
EARLY = ("from", "start", "begin", "opening", "issued", "issue", "invoice", "order", "previous", "birth")
LATE = ("to", "end", "until", "through", "closing", "due", "pay", "payment", "delivery", "expiry", "expires", "present")


def date_orders(lines: Sequence[Mapping[str, Any]], leaves: Sequence[Leaf]) -> Iterator[Idea]:
    """Which date never comes after which; no order that follows from two others."""
    dates = [leaf.name if leaf.in_array else dotted(leaf.pointer) for leaf in leaves if leaf.kind == "date"]
    after = {pair for pair in permutations(dates, 2) if _in_order(lines, *pair)}
    for first, last in permutations(dates, 2):
        between = any((first, other) in after and (other, last) in after for other in dates)
        if (first, last) in after and not between:
            yield Idea(f"{first} <= {last}", "an order of dates", _sure(lines, first, last))


def _sure(lines: Sequence[Mapping[str, Any]], first: str, last: str) -> bool:
    return _named_so(first, last) and sum(bool(line[first] and line[last]) for line in lines) >= SURE


def _in_order(lines: Sequence[Mapping[str, Any]], first: str, last: str) -> bool:
    met = [(as_date(line[first]), as_date(line[last])) for line in lines]
    pairs = {(a, b) for a, b in met if a and b}
    return (
        all(a <= b for a, b in pairs)
        and sum(a < b for a, b in pairs) >= 2
        and (len(pairs) >= SURE or _named_so(first, last))
    )


def _named_so(first: str, last: str) -> bool:
    """Whether the names say which comes first: ``period_from`` and ``period_to``."""
    early, late = set(first.split("_")), set(last.split("_"))
    return bool(late & {*LATE}) and not early & {*LATE} and (bool(early & {*EARLY}) or "date" in early)
