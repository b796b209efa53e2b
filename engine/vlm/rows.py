"""Findings follow their rows: readers count rows from 0, and a document counts them anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from engine.claim import Claim
from engine.leaf import Leaf
from engine.result import Finding


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
