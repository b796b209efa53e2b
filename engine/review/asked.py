"""What the page asks for, as JSON that may hold anything, to decisions; everything wrong with it is one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from engine.as_json import result_to_data
from engine.doctype import Leaf
from engine.errors import UsageError
from engine.page import Box
from engine.review.desk import queue
from engine.review.folder import Changed, Folder, Reviewed
from engine.review.typed import leaf_of, typed_to_value
from engine.view.document import value_text

LONGEST_WHY = 500  # characters of a reason

Asked = Mapping[str, Any]


def decide(folder: Folder, known: Reviewed, asked: Asked) -> Reviewed:
    """``{"kind", "path", "seen", "text", "page", "box", "finding", "why"}`` to a decision that is kept.

    ``seen`` is the value as the page showed it. Raises Changed where it is another by now, UsageError for what cannot
    be decided so.
    """
    kind, path, why = asked.get("kind"), str(asked.get("path") or ""), reason(asked)
    if kind == "dismiss":
        was = _finding(known, asked.get("finding"))
        return folder.decide(known.name, "dismiss", was["path"], was=was, why=why)
    field = known.result.fields.get(path)
    if field is None or kind not in ("accept", "correct", "absent"):
        raise UsageError("there is no such field: load the page again")
    if value_text(field.value) != asked.get("seen"):
        raise Changed("this value has changed since the page was loaded: look at it once more")
    if kind == "accept" and field.value in (None, ()):
        raise UsageError("there is no value to accept: type it, or mark it absent")
    told = _correction(known, path, asked) if kind == "correct" else {}
    was = result_to_data(known.result)["fields"][path]
    return folder.decide(known.name, kind, path, was=was, why=why, **told)


def reason(asked: Asked) -> str:
    why = str(asked.get("why") or "").strip()
    if len(why) > LONGEST_WHY:
        raise UsageError(f"a reason has {LONGEST_WHY} characters at most: make it shorter")
    return why


def proposals(texts: Sequence[str], known: Reviewed, leaf: Leaf | None) -> dict[str, Any]:
    """``{"texts": […], "differ": …}``: what was read in a box, texts that write a value of the leaf first. Where they
    write several numbers or dates, a person has to say which: none of them should be kept by a slip."""
    habits = known.habits
    values: dict[str, Any] = {}
    for text in texts if leaf else ():
        with suppress(UsageError):
            values[text] = typed_to_value(text, leaf, habits) if leaf else text
    exact = leaf is not None and (leaf.type != "string" or leaf.kind == "date")
    return {
        "texts": sorted(texts, key=lambda text: text not in values),
        "differ": exact and len(set(values.values())) > 1,
    }


def to_box(told: Any) -> Box:
    """Raises UsageError for what is no rectangle on a page."""
    try:
        x0, y0, x1, y1 = map(float, told)
    except (TypeError, ValueError):
        raise UsageError("this is no box: draw it again") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise UsageError("this is no box on the page: draw it again")
    return Box(x0, y0, x1, y1)


def to_page(told: Any, known: Reviewed) -> int:
    if not isinstance(told, int) or not 1 <= told <= known.result.page_count:
        raise UsageError("there is no such page: draw the box again")
    return told


def _correction(known: Reviewed, path: str, asked: Asked) -> dict[str, Any]:
    leaf = leaf_of(path, known.doctype)
    if leaf is None:
        raise UsageError(f"nothing can be typed here ({known.why_not or 'this is no single value'}): mark it absent")
    text = str(asked.get("text") or "").strip()
    value = typed_to_value(text, leaf, known.habits)
    if not asked.get("box"):
        return {"value": value, "printed": text}
    return {"value": value, "printed": text, "page": to_page(asked.get("page"), known), "box": to_box(asked["box"])}


def _finding(known: Reviewed, told: Any) -> dict[str, Any]:
    for doubt in queue(known):
        for finding in doubt["findings"]:
            if finding == told:
                return dict(finding)
    raise Changed("this is not said of the document any more: look at it once more")
