"""A schema's new text, as near to the old one as can be: a person reviews the difference.

What did not change keeps its very characters. What is new is written in the form that the shipped types have: two
blanks of indentation, short lists on one line.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.as_json import to_json

NARROW = 110  # letters up to which a list, a rule or a place stands on one line
_DECODER = json.JSONDecoder(parse_float=Decimal)
_BLANK = " \t\r\n"
_MARK = "\ufeff"  # of UTF-8, which some editors put first


def edited(text: str, new: Any) -> str:
    """The text of a JSON document, changed so that it says ``new``; its line ends stay what they are."""
    start = _skip(text, len(_MARK) if text.startswith(_MARK) else 0)
    old, end = _DECODER.raw_decode(text, start)
    made = text[:start] + _edit(text, start, end, old, new, 0) + text[end:]
    return re.sub(r"(?<!\r)\n", "\r\n", made) if 0 < text.count("\n") == text.count("\r\n") else made


def written(new: Any) -> str:
    """The text of a whole new document."""
    return _format(new, 0) + "\n"


def diff(old: str, new: str, before: str, after: str) -> str:
    """The unified difference between two texts, empty where there is none."""
    return "".join(difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), before, after))


def _edit(text: str, start: int, end: int, old: Any, new: Any, depth: int, *, narrow: bool = False) -> str:
    """The piece of text that says ``old``, changed to say ``new``."""
    if old == new:
        return text[start:end]
    if isinstance(old, dict) and isinstance(new, dict) and old and old.keys() <= new.keys():
        return _edit_object(text, start, end, old, new, depth)
    if isinstance(old, list) and isinstance(new, list) and old and new[: len(old)] == old:
        last = start + len(text[start : end - 1].rstrip(_BLANK))
        more = [_format(item, depth + 1, narrow=True) for item in new[len(old) :]]
        return text[start:last] + "".join(_between(text, start, last) + item for item in more) + text[last:end]
    return _format(new, depth, narrow=narrow)


def _edit_object(text: str, start: int, end: int, old: Any, new: Any, depth: int) -> str:
    pieces, at = [], start
    for key, first, last in _members(text, start):
        pieces += [text[at:first], _edit(text, first, last, old[key], new[key], depth + 1, narrow=_own(key))]
        at = last
    glue = _between(text, start, at)
    added = [f"{glue}{to_json(key)}: {_format(new[key], depth + 1, narrow=_own(key))}" for key in new if key not in old]
    return "".join([*pieces, *added]) + text[at:end]


def _between(text: str, start: int, last: int) -> str:
    """What parts two members of a container that begins at ``start``: a comma and the blanks before its first."""
    inside = text[start + 1 : last]
    blanks = inside[: len(inside) - len(inside.lstrip(_BLANK))]
    return "," + (blanks or " ")


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Key, start and end of the value of every member of the object at ``start``."""
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        first = _skip(text, _skip(text, at) + 1)
        _, last = _DECODER.raw_decode(text, first)
        yield key, first, last
        at = _skip(text, last)
        at = _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at


def _own(key: str) -> bool:
    return key.startswith("x-")


def _format(value: Any, depth: int, *, narrow: bool = False) -> str:
    """JSON in the form of the shipped types. ``narrow``: an object may stand on one line if it is short."""
    if not isinstance(value, dict | list) or not value:
        return to_json(value)
    members = list(value.values()) if isinstance(value, dict) else value
    plain = not any(isinstance(member, dict) for member in members)
    if plain and (isinstance(value, list) or narrow):
        line = to_json(value, indent=None)
        if len(line) <= NARROW:
            return "{ " + line[1:-1] + " }" if isinstance(value, dict) else line
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        inner = [
            f"{pad}{to_json(key)}: {_format(member, depth + 1, narrow=narrow or _own(key))}"
            for key, member in value.items()
        ]
        return "{\n" + ",\n".join(inner) + "\n" + "  " * depth + "}"
    inner = [pad + _format(member, depth + 1, narrow=narrow) for member in members]
    return "[\n" + ",\n".join(inner) + "\n" + "  " * depth + "]"
