"""In what a request differs from one that was recorded, as phrases: the line of the prompt, the field of the schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from difflib import SequenceMatcher
from typing import Any

from engine.pointer import escape
from engine.vlm.store import Kept, Parts, Wording

MOST = 2
"""Lines and fields that are named; of more their number is told."""


def differing(recorded: Kept, parts: Parts, wording: Wording | None = None) -> list[str]:
    """``prompt (line 7 was "…" and is "…")``, ``schema``, ``images``, ``parameters``: those that differ."""
    return [
        item.name + _where(item.name, recorded.wording, wording)
        for item in fields(Parts)
        if getattr(recorded.parts, item.name) != getattr(parts, item.name)
    ]


def listed(names: Sequence[str]) -> str:
    """``prompt, schema and images``. A request whose parts are all known differs in how they are put together."""
    if not names:
        return "parameters"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _where(part: str, before: Wording | None, after: Wording | None) -> str:
    if before is None or after is None:
        return ""
    if part == "prompt":
        places = list(_lines(before.prompt, after.prompt))
    elif part == "schema":
        places = list(_fields(before.schema, after.schema, ""))
    elif part == "images":
        places = list(_images(before.images, after.images))
    else:
        places = []
    if not places:
        return ""
    more = f"; {len(places) - MOST} more" if len(places) > MOST else ""
    return f" ({'; '.join(places[:MOST])}{more})"


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for what, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "replace" and j - i == m - k:
            changed = zip(range(i + 1, j + 1), before[i:j], after[k:m], strict=True)
            yield from (
                f"line {number} was {_short(old, new)} and is {_short(new, old)}" for number, old, new in changed
            )
        elif what != "equal":
            yield from (f"line {number} {_short(line)} is gone" for number, line in enumerate(before[i:j], i + 1))
            yield from (f"line {_short(line)} is new" for line in after[k:m])


def _short(line: str, other: str = "", room: int = 60) -> str:
    """A long line from a little before the place where the *other* begins to differ."""
    same = next((at for at, (a, b) in enumerate(zip(line, other, strict=False)) if a != b), min(len(line), len(other)))
    start = max(0, min(same - 20, len(line) - room))
    cut = line[start : start + room]
    return f'"{"…" if start else ""}{cut}{"…" if start + room < len(line) else ""}"'


def _fields(before: Any, after: Any, at: str) -> Iterator[str]:
    """Places of the schema, in its order, by JSON Pointer."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:
            if name in after:
                yield from _fields(before[name], after[name], f"{at}/{escape(name)}")
            else:
                yield f"{at}/{escape(name)} is gone"
        yield from (f"{at}/{escape(name)} is new" for name in after if name not in before)
        if before == after and list(before) != list(after):
            yield f"the order in {at or 'the root'}"
    elif before != after:
        yield f"{at} differs"


def _images(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Their formats and sizes; the rest is pixels."""
    old, new = ([" ".join(sketch.split(" ")[:2]) for sketch in sketches] for sketches in (before, after))
    if len(old) != len(new):
        yield f"{len(old)} were sent and now {len(new)}"
    elif old != new:
        yield from (f"{a} is now {b}" for a, b in zip(old, new, strict=True) if a != b)
    else:
        yield "other pixels"
