"""JSON Pointers and their patterns: ``*`` stands for any index of an array or key of an open map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any


def escape(token: str) -> str:
    """A property name as a JSON Pointer token."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """A JSON Pointer token as a property name."""
    return token.replace("~1", "/").replace("~0", "~")


def tokens(pointer: str) -> list[str]:
    """The (still escaped) tokens of a pointer or pattern; none for the whole document."""
    return pointer.split("/")[1:]


def array_of(pattern: str) -> str | None:
    """Pattern of the innermost array (or open map) around a pattern, None at the top."""
    head, star, _ = pattern.rpartition("/*")
    return head if star else None


def fill(pattern: str, keys: tuple[str, ...]) -> str:
    """The pattern with its first stars replaced by keys."""
    for key in keys:
        pattern = pattern.replace("/*", f"/{key}", 1)
    return pattern


def expand(data: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """Every (pointer, value) that a pattern meets in the data; a member that is not there counts as null."""
    yield from _expand(data, tokens(pattern), "")


def keys_of(data: Any, pattern: str) -> Iterator[tuple[str, ...]]:
    """What fills the stars of a pattern, once for each place of the data that it meets."""
    stars = [index for index, token in enumerate(tokens(pattern)) if token == "*"]  # noqa: S105
    for pointer, _ in expand(data, pattern):
        met = tokens(pointer)
        yield tuple(met[index] for index in stars)


def _expand(node: Any, rest: list[str], pointer: str) -> Iterator[tuple[str, Any]]:
    if not rest:
        yield pointer, node
        return
    token = rest[0]
    for key, child in _children(node) if token == "*" else ((token, _member(node, token)),):  # noqa: S105
        yield from _expand(child, rest[1:], f"{pointer}/{key}")


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from ((escape(key), value) for key, value in node.items())
    elif isinstance(node, list):
        yield from ((str(index), value) for index, value in enumerate(node))


def _member(node: Any, token: str) -> Any:
    if isinstance(node, dict):
        return node.get(unescape(token))
    if isinstance(node, list) and token.isdecimal() and int(token) < len(node):
        return node[int(token)]
    return None


def pointer_to(parts: Iterable[str | int]) -> str:
    """The JSON Pointer of a path of names and indices."""
    return "".join(f"/{escape(str(part))}" for part in parts)


def matches(pattern: str, pointer: str) -> bool:
    """Whether a concrete pointer is one of those that the pattern stands for."""
    wanted, met = tokens(pattern), tokens(pointer)
    return len(wanted) == len(met) and all(w in ("*", m) for w, m in zip(wanted, met, strict=True))


def set_at(data: Any, pointer: str, value: Any) -> None:
    """Put a value at a pointer; missing members and the next element of an array are made on the way."""
    path = tokens(pointer)
    node = data
    for token, following in pairwise(path):
        node = _child(node, token, [] if following.isdecimal() else {})
    _place(node, path[-1], value)


def _child(node: Any, token: str, made: Any) -> Any:
    existing = _member(node, token)
    if existing is None:
        _place(node, token, made)
        return made
    return existing


def _place(node: Any, token: str, value: Any) -> None:
    if isinstance(node, list):
        index = int(token)
        node.extend({} for _ in range(index + 1 - len(node)))
        node[index] = value
    else:
        node[unescape(token)] = value
