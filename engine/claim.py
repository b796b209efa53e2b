"""A claim: what one reader says a leaf holds on one page. Claims are merged into fields, and doubted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.leaf import Leaf
from engine.page import Box
from engine.result import FieldSource


@dataclass(frozen=True, slots=True)
class Claim:
    """``pointer`` is a leaf's JSON Pointer with row numbers in it; ``confidence`` a probability, 0..1."""

    pointer: str
    value: Any
    printed: str
    page: int
    box: Box | None
    confidence: float
    source: FieldSource = "ocr"
    ambiguous: bool = False


def joined(readers: Sequence[Sequence[Claim]], leaves: Sequence[Leaf]) -> tuple[Claim, ...]:
    """The claims of several readers, each of which counted its rows from 0, with the rows in the order of pages."""
    arrays = {leaf.array for leaf in leaves if leaf.in_array and leaf.array}
    rows: dict[tuple[str, int, int], int] = {}  # (array, reader, row) -> its first page
    of_row: list[tuple[tuple[str, int, int] | None, Claim]] = []
    for reader, claims in enumerate(readers):
        for claim in claims:
            row = _row_of(claim.pointer, arrays)
            key = row and (row[0], reader, row[1])
            if key:
                rows[key] = min(claim.page, rows.get(key, claim.page))
            of_row.append((key, claim))
    number: dict[tuple[str, int, int], int] = {}
    for array in arrays:
        ordered = sorted((k for k in rows if k[0] == array), key=lambda k: (rows[k], k[1], k[2]))
        number |= {key: index for index, key in enumerate(ordered)}
    return tuple(claim if key is None else _renumbered(claim, key[0], number[key]) for key, claim in of_row)


def _row_of(pointer: str, arrays: Collection[str]) -> tuple[str, int] | None:
    for array in arrays:
        head, _, _ = pointer.removeprefix(f"{array}/").partition("/")
        if pointer.startswith(f"{array}/") and head.isdecimal():
            return array, int(head)
    return None


def _renumbered(claim: Claim, array: str, row: int) -> Claim:
    _, slash, rest = claim.pointer.removeprefix(f"{array}/").partition("/")
    return replace(claim, pointer=f"{array}/{row}{slash}{rest}")
