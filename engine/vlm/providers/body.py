"""Reading plain JSON of unknown shape: what is not there, or is something else, is None, empty or 0."""

from __future__ import annotations

from typing import Any


def at(value: Any, *path: str | int) -> Any:
    """What stands at *path* (names and indexes) below *value*, None where the path ends early."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
    return value


def words(value: Any) -> str:
    """*value* where it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def each(value: Any, *path: str | int) -> list[Any]:
    """The list at *path*, empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def count(value: Any, *path: str | int) -> int:
    """The count at *path*, 0 where there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0
