"""A model that errs, as its server tells it: a document's truth page by page, some of its values wrong.

Errors are drawn by lot, value by value, and are the same for the same seed. A value is told alike on every page that
shows it, so that its pages never tell an error apart; a page that does not show it has null.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import simplejson

from engine.doctype import Leaf
from engine.label.claims import CHOICE, kind_of
from engine.page import Reading
from engine.pointer import set_at
from fixtures.answers import fill
from fixtures.answers import leaf as answered
from tests.bench.corrupt import NUMBERS, corrupted
from tests.bench.datasets import agree
from tests.bench.verify import canonical, stands_somewhere


@dataclass(frozen=True, slots=True)
class Known:
    """The truth of one leaf: its value as the type has it, and how the document prints it. ``order`` is that of
    numeric dates."""

    leaf: Leaf
    value: Any
    printed: str
    order: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the model says: ``fault`` is None where it is right; ``pages`` (from 1) are those that show the truth."""

    value: Any
    printed: str
    pages: frozenset[int]
    fault: str | None = None


def known(leaf: Leaf, truth: Any, order: str) -> Known:
    """``truth`` as printed or, from a fixture, as a value."""
    text = str(truth)
    if not isinstance(truth, str) or kind_of(leaf) == CHOICE:
        return Known(leaf, truth, text, order)
    return Known(leaf, _typed(leaf, canonical(kind_of(leaf), text, order)), text, order)


def is_right(found: Any, truth: Known, pointer: str) -> bool:
    if found is None or isinstance(truth.value, bool):
        return found is truth.value
    return bool(found == truth.value) or agree(kind_of(truth.leaf), found, truth.printed, truth.order, pointer)


def err(
    truth: Known, pointer: str, others: Iterable[str], rate: float, seed: str, *, names: bool = True
) -> tuple[str, Any, str] | None:
    """(fault, wrong value, as printed) in ``rate`` of the cases (0..1), else None.

    Figures are told wrong, and with ``names`` also names and addresses; ``others`` are values that theirs is mistaken
    for, asked for only then. All faults that a value can have are equally likely.
    """
    kind, chance = kind_of(truth.leaf), random.Random(f"{seed} {pointer}")
    digits = any(map(str.isdigit, truth.printed))
    text_like = kind in ("name", "address", "text")
    if chance.random() >= rate or kind == CHOICE or not (names if text_like else digits):
        return None
    text = str(truth.value)
    faults = corrupted(kind, text, list(others), f"{seed} {pointer}", truth.order, pointer)
    possible = [(fault, wrong) for fault, wrong in faults if _fits(truth.leaf, wrong)]
    if not possible:
        return None
    fault, wrong = chance.choice(possible)
    printed = truth.printed if fault == "day and month swapped" else _printed(kind, wrong, truth)
    return fault, _typed(truth.leaf, wrong), printed


def _fits(leaf: Leaf, wrong: str) -> bool:
    return leaf.type != "integer" or Decimal(wrong) % 1 == 0


def _typed(leaf: Leaf, text: str | None) -> Any:
    if text is None or kind_of(leaf) not in NUMBERS:
        return text
    return int(Decimal(text)) if leaf.type == "integer" else Decimal(text)


def _printed(kind: str, wrong: str, truth: Known) -> str:
    """The wrong value in the print of the right one, near enough: misread, not reworded."""
    if kind in NUMBERS:
        mark = "$" if "$" in truth.printed else ""
        return f"{mark}{Decimal(wrong):,}" if "," in truth.printed else f"{mark}{wrong}"
    if kind == "date":
        return date.fromisoformat(wrong).strftime("%m/%d/%Y" if truth.order == "mdy" else "%d/%m/%Y")
    return wrong


# --- which page shows what ----------------------------------------------------------------------------------


def page_texts(*readers: Sequence[Reading]) -> dict[int, str]:
    """What any of the readers saw on each page."""
    texts: dict[int, str] = {}
    for readings in readers:
        for reading in readings:
            words = " ".join(word.text for word in reading.words)
            texts[reading.page] = f"{texts.get(reading.page, '')} {words}"
    return texts


def pages_of(truth: Mapping[str, Known], texts: Mapping[int, str]) -> dict[str, frozenset[int]]:
    """The pages that show each value, else the first; a row of a table is on one page, rows after it on no earlier."""
    found: dict[str, frozenset[int]] = {}
    rows: dict[str, list[str]] = {}
    for pointer, each in truth.items():
        if each.leaf.in_array:
            rows.setdefault(pointer.rpartition("/")[0], []).append(pointer)
        else:
            found[pointer] = frozenset(p for p, text in texts.items() if _shows(each, text)) or frozenset({min(texts)})
    at = min(texts)
    for cells in rows.values():
        at = max((page for page in texts if page >= at), key=lambda p: sum(_shows(truth[c], texts[p]) for c in cells))
        found |= dict.fromkeys(cells, frozenset({at}))
    return found


def _shows(truth: Known, text: str) -> bool:
    return stands_somewhere(kind_of(truth.leaf), str(truth.value), text)


# --- the answer ---------------------------------------------------------------------------------------------


def answer_page(schema: Mapping[str, Any], told: Mapping[str, Told], page: int) -> str:
    """The JSON text of the answer about a page, in the shape of ``schema``."""
    data: dict[str, Any] = {}
    for pointer, each in told.items():
        if page in each.pages:
            set_at(data, pointer, each)
    return str(simplejson.dumps(fill(schema, data, _leaf), use_decimal=True))


def _leaf(told: Told | None) -> dict[str, Any]:
    return answered(told.value, told.printed) if told else answered(None)
