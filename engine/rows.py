"""Rows counted anew: each reader of a page counts them from 0, a document counts all of them in the order of pages.

Findings follow their rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from engine.claim import Claim
from engine.leaf import Leaf
from engine.result import Finding


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


def renumbered(
    findings: Iterable[Finding], before: Sequence[Claim], after: Sequence[Claim], leaves: Sequence[Leaf]
) -> tuple[Finding, ...]:
    """The findings of one reader with the rows that its claims (``before``) got when they were joined (``after``).

    A finding about a row of which no claim is left tells of the array.
    """
    arrays = {leaf.array for leaf in leaves if leaf.in_array and leaf.array}
    rows = dict(_rows(before, after, arrays))
    return tuple(_moved(finding, rows, arrays) for finding in findings)


def _rows(before: Sequence[Claim], after: Sequence[Claim], arrays: set[str]) -> Iterator[tuple[str, str]]:
    for old, new in zip(before, after, strict=True):
        array = _array(old.pointer, arrays)
        if array is not None:
            yield _row(old.pointer, array), _row(new.pointer, array)


def _moved(finding: Finding, rows: dict[str, str], arrays: set[str]) -> Finding:
    array = _array(finding.path, arrays)
    if array is None:
        return finding
    row = _row(finding.path, array)
    if row not in rows:
        return replace(finding, path=array)
    path = rows[row] + finding.path.removeprefix(row)
    return replace(finding, path=path, message=finding.message.replace(finding.path, path))


def _array(pointer: str, arrays: set[str]) -> str | None:
    """The array in one of whose rows a pointer is."""
    return next((array for array in arrays if pointer.startswith(f"{array}/")), None)


def _row(pointer: str, array: str) -> str:
    return f"{array}/{pointer.removeprefix(f'{array}/').partition('/')[0]}"
