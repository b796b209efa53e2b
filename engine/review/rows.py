"""Rows that are none: a person marked absent whatever stood in them, so they leave the tables that they were read into.

Decisions name places as the engine gave them, for rows come and go with what is decided; people are shown the places as
they are now, where later rows have moved up. Both ways are here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from engine.pointer import expand, tokens, unescape
from engine.result import Field


def gone_rows(data: Any, fields: Mapping[str, Field], marked: Collection[str]) -> frozenset[str]:
    """The rows of arrays, by their pointers in *data*, in which no field has a value and some were *marked* absent by a
    person. One in which something could not be read stays."""
    cells: dict[str, list[str]] = {}
    for path in fields:
        for row in _rows_around(data, path):
            cells.setdefault(row, []).append(path)
    return frozenset(
        row
        for row, paths in cells.items()
        if any(path in marked for path in paths)
        and all(fields[path].value in (None, ()) and fields[path].missing == "absent" for path in paths)
    )


def without_rows(data: Any, gone: Collection[str]) -> None:
    """Take the rows out of *data*: the inner ones first, the last of an array first."""
    for row in sorted(gone, key=lambda row: (len(tokens(row)), _index(row)), reverse=True):
        (_, array), *_ = expand(data, _array(row))
        del array[_index(row)]


def shown_path(path: str, gone: Collection[str]) -> str | None:
    """Where a place of the engine's result is once the rows are *gone*; None for one that is gone with them."""
    there, now = "", ""
    for token in tokens(path):
        array, there = there, f"{there}/{token}"
        if there in gone:
            return None
        above = sum(_index(row) < int(token) for row in gone if _array(row) == array) if token.isdecimal() else 0
        now += f"/{int(token) - above}" if above else f"/{token}"
    return now


def engine_s_path(path: str, gone: Collection[str]) -> str:
    """The way back: where a place that is shown stands in the engine's result."""
    there = ""
    for token in tokens(path):
        for row in sorted(_index(row) for row in gone if _array(row) == there):
            token = str(int(token) + (row <= int(token)))  # noqa: PLW2901 - it moves down past each row that is gone
        there += f"/{token}"
    return there


def place_now(path: str, gone: Collection[str], data: Any) -> str | None:
    """The same, but of a place that went with the last row of an array the array itself, which is empty in *data* now;
    None where other rows are left."""
    now = shown_path(path, gone)
    if now is not None:
        return now
    for array in {_array(row) for row in gone if path == row or path.startswith(f"{row}/")}:
        now = shown_path(array, gone)
        if now is not None and [value for _, value in expand(data, now)] == [[]]:
            return now
    return None


def _rows_around(data: Any, path: str) -> Iterator[str]:
    node, row = data, ""
    for token in tokens(path):
        row += f"/{token}"
        if isinstance(node, list):
            yield row
            node = node[int(token)] if int(token) < len(node) else None
        else:
            node = node.get(unescape(token)) if isinstance(node, dict) else None


def _array(row: str) -> str:
    return row.rpartition("/")[0]


def _index(row: str) -> int:
    return int(row.rpartition("/")[2])
