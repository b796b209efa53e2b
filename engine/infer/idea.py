"""A rule that may hold, and what its fields are called in rules."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.leaf import Leaf
from engine.pointer import tokens


@dataclass(frozen=True, slots=True)
class Idea:
    """A rule to be judged on the samples. ``sure``: as an error, if it held without exception."""

    text: str
    sort: str
    sure: bool = True
    tolerance: Decimal = Decimal(0)


def dotted(pattern: str) -> str:
    """The name that rules have for a leaf or an array; empty where no rule can name it."""
    parts = [token for token in tokens(pattern) if token != "*"]  # noqa: S105
    return ".".join(parts) if all(p.isidentifier() and not keyword.iskeyword(p) for p in parts) else ""


def numbers(leaves: Iterable[Leaf], *kinds: str) -> list[Leaf]:
    wanted = kinds or ("money", "quantity", "percent")
    return [leaf for leaf in leaves if leaf.type in ("number", "integer") and leaf.kind in wanted]
