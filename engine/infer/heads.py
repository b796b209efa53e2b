"""The heads of tables: what is printed over the columns in which the given rows stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from engine.doctype import Leaf
from engine.infer.labels import FoundLabel, as_label
from engine.infer.places import Shown, prints
from engine.label.anchors import letters
from engine.label.claims import CHOICE, TEXTS, kind_of
from engine.label.lines import Line, bounding
from engine.page import Box
from engine.pointer import expand
from engine.values.dates import dates_in
from engine.values.numbers import numbers_in

ABOVE = 8  # rows over the first row of a table in which its head is looked for; a first setting
LEAST = 2  # columns of a row, and of a head, by which it is known for one
Spans = Mapping[str, Box]  # the box of a value by its leaf's pointer


def column_labels(array: str, leaves: Sequence[Leaf], shown: Sequence[Shown]) -> dict[str, tuple[FoundLabel, ...]]:
    """For each leaf of an array the heads that stood over its values, the commonest first."""
    seen: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    tables: dict[str, set[int]] = defaultdict(set)
    for number, each in enumerate(shown):
        for line, spans in _rows(array, leaves, each):
            heads = _head(line, spans, each)
            for pointer, text in heads.items():
                tables[pointer].add(number)
                seen[pointer][text].add(number)
    return {
        pointer: tuple(
            FoundLabel(text, len(samples), len(tables[pointer]), 1.0, frozenset(samples))
            for text, samples in sorted(texts.items(), key=lambda item: -len(item[1]))
        )
        for pointer, texts in seen.items()
    }


def _rows(array: str, leaves: Sequence[Leaf], each: Shown) -> list[tuple[Line, Spans]]:
    """On each page the first line that prints a given row, with where it prints each value."""
    rows = next((value for _, value in expand(each.values, array) if isinstance(value, list)), [])
    found: dict[int, tuple[Line, Spans]] = {}
    for row in rows:
        at = _line_of(row, leaves, each) if isinstance(row, Mapping) else None
        if at and (at[0].page not in found or at[0].index < found[at[0].page][0].index):
            found[at[0].page] = at
    return list(found.values())


def _line_of(row: Mapping[str, Any], leaves: Sequence[Leaf], each: Shown) -> tuple[Line, Spans] | None:
    """The line that prints most values of a row; a value that stands twice in it tells no column."""
    lines: dict[tuple[int, int], Line] = {}
    boxes: dict[tuple[int, int], dict[str, list[Box]]] = defaultdict(lambda: defaultdict(list))
    for leaf in leaves:
        value = row.get(leaf.name)
        if value is None or leaf.type == "boolean":
            continue
        text = kind_of(leaf) in TEXTS or kind_of(leaf) == CHOICE
        for candidate in each.sheet.pool(leaf).candidates:
            same = letters(str(candidate.value)) == letters(str(value))
            if same if text else prints(leaf, value, candidate, each.sheet):
                place = candidate.line.page, candidate.line.index
                lines[place] = candidate.line
                if candidate.box not in boxes[place][leaf.pointer]:
                    boxes[place][leaf.pointer].append(candidate.box)
    best = max(boxes, key=lambda place: (len(boxes[place]), -place[0], -place[1]), default=None)
    if best is None or len(boxes[best]) < LEAST:
        return None
    return lines[best], {pointer: found[0] for pointer, found in boxes[best].items() if len(found) == 1}


def _head(line: Line, spans: Spans, each: Shown) -> dict[str, str]:
    """The nearest line above that has words over several of the columns and no figures."""
    for row in range(line.index - 1, max(line.index - 1 - ABOVE, -1), -1):
        above = each.sheet.layout.line_at(line.page, row)
        if above is None or numbers_in(above.text) or dates_in(above.text):
            continue
        cells = [above.words[first:last] for first, last in above.cells]
        heads: dict[str, str] = {}
        for pointer, box in spans.items():
            over = [cell for cell in cells if _overlap(bounding(cell), box) > 0]
            text = as_label(max(over, key=lambda cell: _overlap(bounding(cell), box)), frozenset()) if over else ""
            if text:
                heads[pointer] = text
        if len(heads) >= LEAST:
            return heads
    return {}


def _overlap(a: Box, b: Box) -> float:
    return min(a.x1, b.x1) - max(a.x0, b.x0)
