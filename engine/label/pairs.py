"""Forms to the entries of an open map: every ``label: value`` that is printed, whatever the label says.

A label ends in a colon or in leaders (Name ......); in a row of two or four cells it may be bare. Its value
is what stands right of it up to the next label or a wide gap; where nothing stands there, what is directly
below. What a reader was not sure of is no value: a checkbox or a pen stroke read as letters is worse than a
blank.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from engine.claim import Claim
from engine.doctype import DocumentType, Leaf
from engine.label.features import Layout
from engine.label.lines import Line, bounding
from engine.page import Box, Word
from engine.pointer import escape, tokens, unescape
from engine.result import FieldSource

LEADERS = re.compile(r"([._…]{3,}|…+)$")
NOISE = " :;_-*|~'\"“‘"
BOX = re.compile(r"[\[({|]+[\])}|]*|[©®&□☐☑☒■✓√]|\[[xX ]?\]?|[\[(][\])1lIoOxX]")
SURE = 0.5  # confidence, 0..1, below which a word is taken for a stroke or a box
WIDE = 6.0  # letter heights: a gap within a value at the most
PHRASE = 1.4  # letter heights: a gap within a label at the most
BELOW = 1.0  # letter heights from a label down to its value, at the most
ALONE = 1.8  # the same where the label has its line to itself
GOES_ON = 0.9  # letter heights between two rows of one value at the most
MOST = 5  # rows that a value goes on for
BARE = 4  # words in a label without a colon at the most
LONGEST = 7  # words in a label at the most
Kind = Literal["beside", "under", "turn"]  # where a value stands: right of its label, below it, at a bare one
WORTH: Mapping[Kind, float] = {"beside": 0.7, "under": 0.2, "turn": 0.4}  # share that is right on noisy forms


@dataclass(frozen=True, slots=True)
class FormLabel:
    """Words ``first`` to ``last`` (half-open) of a line, with the colon."""

    line: Line
    first: int
    last: int
    bare: bool = False  # no colon: only the cells' turn says that it is a label

    @property
    def text(self) -> str:
        printed = " ".join(w.text for w in self.line.words[self.first : self.last])
        return LEADERS.sub("", printed.rstrip(": ;")).strip(NOISE)

    @property
    def box(self) -> Box:
        return bounding(self.line.words[self.first : self.last])


Labels = Mapping[tuple[int, int], Sequence[FormLabel]]


@dataclass(frozen=True, slots=True)
class Pair:
    label: FormLabel
    words: tuple[Word, ...]
    kind: Kind

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words).strip(NOISE)


def lines_to_pairs(layout: Layout, doctype: DocumentType, source: Mapping[int, FieldSource]) -> tuple[Claim, ...]:
    """Claims for the entries of every open map of the type, in reading order.

    The key is the label as printed, without its colon; a repeated one gets " (2)". A key that is the name of
    a declared property beside the map is left to that property. Confidence is not yet
    fitted: the least sure word of the value, times what pairs of its sort are worth.
    """
    maps = [leaf for leaf in doctype.leaves if leaf.open_map and leaf.type == "string"]
    pairs = layout_to_pairs(layout) if maps else []
    return tuple(
        Claim(
            f"{leaf.pointer.removesuffix('/*')}/{escape(key)}",
            pair.text,
            " ".join(word.text for word in pair.words),
            pair.label.line.page,
            bounding(pair.words),
            WORTH[pair.kind] * min(word.confidence for word in pair.words),
            source[pair.label.line.page],
        )
        for leaf in maps
        for key, pair in with_keys(pairs, declared_beside(leaf, doctype))
    )


def declared_beside(leaf: Leaf, doctype: DocumentType) -> frozenset[str]:
    """The names of the properties that the type declares in the object whose open map ``leaf`` is."""
    inside = leaf.pointer.removesuffix("*")
    below = (other.pointer for other in doctype.leaves if other is not leaf and other.pointer.startswith(inside))
    return frozenset(unescape(tokens(pointer.removeprefix(inside[:-1]))[0]) for pointer in below)


def with_keys(pairs: Sequence[Pair], declared: Collection[str] = ()) -> Iterator[tuple[str, Pair]]:
    """Each pair with a key of its own, none of them declared; "(2)" may be printed too, so it counts on."""
    taken, last = set(declared), dict[str, int]()
    for pair in pairs:
        label = key = pair.label.text
        if label in declared:
            continue
        while key in taken:
            last[label] = last.get(label, 1) + 1
            key = f"{label} ({last[label]})"
        taken.add(key)
        yield key, pair


def layout_to_pairs(layout: Layout) -> list[Pair]:
    labels = {_place(line): line_to_form_labels(line) for line in layout.lines}
    taken: set[int] = set()
    pairs = []
    for line in layout.lines:
        for pair in line_to_pairs(line, layout, labels):
            if pair.text and not taken & set(map(id, pair.words)):
                taken |= set(map(id, pair.words))
                pairs.append(pair)
    return pairs


def line_to_pairs(line: Line, layout: Layout, labels: Labels) -> Iterator[Pair]:
    """The pairs whose labels stand in this line."""
    own = labels[_place(line)]
    if not own:
        yield from _stacked(line, layout, labels)
    for label, after in zip_longest(own, own[1:]):
        pair = _beside(label, after.first if after else None) or _below(label, layout, labels)
        if pair:
            yield _with_rest(pair, layout, labels)


def _stacked(line: Line, layout: Layout, labels: Labels) -> Iterator[Pair]:
    """A row of bare labels over a row of as many values, as in the boxes of a form."""
    below = layout.line_at(line.page, line.index + 1)
    if below is None or labels[_place(below)] or not 2 <= len(line.cells) == len(below.cells):
        return
    pairs = [
        Pair(FormLabel(line, *cell, bare=True), _sure(below.words[slice(*under)]), "turn")
        for cell, under in zip(line.cells, below.cells, strict=True)
    ]
    figures = any(c.isdigit() for c in below.text)
    if figures and all(_is_bare(line, *cell) for cell in line.cells) and all(map(_is_over, pairs)):
        yield from pairs


def _is_over(pair: Pair) -> bool:
    if not pair.words:
        return False
    value, label = bounding(pair.words), pair.label.box
    return min(value.x1, label.x1) > max(value.x0, label.x0)


def line_to_form_labels(line: Line) -> list[FormLabel]:
    """Every run of words that ends in a colon or leaders, back to a wide gap or the label before.

    In a row without any, a cell that is nothing but words is the label of the cell right of it.
    """
    found: list[FormLabel] = []
    start = 0
    for at in range(len(line.words)):
        if not _ends_label(line, at):
            continue
        first = at
        while first > start and at - first + 1 < LONGEST and _gap(line, first) < PHRASE:
            first -= 1
        first = _after_value(line, first, at) if found and first == start else first
        if sum(c.isalpha() for w in line.words[first : at + 1] for c in w.text) >= 2:
            found.append(FormLabel(line, first, at + 1))
        start = at + 1
    return found or list(_bare_labels(line))


def _bare_labels(line: Line) -> Iterator[FormLabel]:
    """Cells in turns: label, value, label, value; at most two pairs, else it is a table's row."""
    turns = [cell for cell in line.cells[::2] if _is_bare(line, *cell)]
    figures = any(c.isdigit() for c in line.text)  # of four cells of words all may be labels
    if len(line.cells) == 2 * len(turns) and (len(turns) == 1 or (len(turns) == 2 and figures)):
        for first, last in turns:
            yield FormLabel(line, first, last, bare=True)


def _is_bare(line: Line, first: int, last: int) -> bool:
    """Few words, a capital first, no figures."""
    text = " ".join(word.text for word in line.words[first:last])
    plain = not any(c.isdigit() for c in text) and sum(map(str.isalpha, text)) >= 3
    return plain and last - first <= BARE and text[0].isupper()


def _ends_label(line: Line, at: int) -> bool:
    """A colon behind a word (not within 10:35, not behind a figure), or leaders."""
    text = line.words[at].text
    if LEADERS.search(text):
        return True
    named = text[:-1] or (line.words[at - 1].text if at else "")
    return text.endswith(":") and any(c.isalpha() or c in "#)" for c in named)


def _gap(line: Line, word: int) -> float:
    """Blank before a word, in letter heights."""
    return (line.words[word].box.x0 - line.words[word - 1].box.x1) / line.aspect / line.height


def _after_value(line: Line, first: int, last: int) -> int:
    """Where a label begins that follows a value without a wide gap: at the widest gap between the two."""
    gaps = [(_gap(line, at), at) for at in range(first + 1, last + 1)]
    return max(gaps)[1] if gaps else first


def _beside(label: FormLabel, end: int | None) -> Pair | None:
    """The words right of the label, up to the next one (word ``end``) or a wide gap."""
    line = label.line
    last = len(line.words) if end is None else end
    if _are_boxes(line.words[label.last : last]):
        return None
    wide = (at for at in range(label.last + 1, last) if _gap(line, at) > WIDE)
    sure = _sure(line.words[label.last : next(wide, last)])
    return Pair(label, sure, "turn" if label.bare else "beside") if sure else None


def _are_boxes(words: Sequence[Word]) -> bool:
    """Two signs or more between words: boxes to tick, and which is ticked the words do not tell."""
    signs = [word for word in words if BOX.fullmatch(word.text)]
    return len(signs) >= 2 and len(words) > len(signs)


def _below(label: FormLabel, layout: Layout, labels: Labels) -> Pair | None:
    """The cell under the label, if it is near and holds no label itself."""
    line = label.line
    below = layout.line_at(line.page, line.index + 1)
    alone = label.last - label.first == len(line.words)
    reach = ALONE if alone else BELOW
    if below is None or (below.box.y0 - label.box.y1) / line.height > reach or labels[_place(below)]:
        return None
    cell = _cell_under(below, label.box)
    sure = _sure(cell)
    return Pair(label, sure, "under") if sure else None


def _with_rest(pair: Pair, layout: Layout, labels: Labels) -> Pair:
    """The pair with the rows that its value goes on for: close below, under the value, without a label."""
    words, line = pair.words, pair.label.line
    if pair.label.bare:
        return pair
    at = layout.line_at(line.page, line.index + (1 if pair.kind == "beside" else 2))
    for _ in range(MOST):
        if at is None or labels[_place(at)] or (at.box.y0 - words[-1].box.y1) / at.height > GOES_ON:
            break
        cell = _cell_under(at, bounding(words))
        left = pair.label.box.x0 - at.height * at.aspect
        if not cell or cell[0].box.x0 < left or not (sure := _sure(cell)):
            break
        words = (*words, *sure)
        at = layout.line_at(at.page, at.index + 1)
    return Pair(pair.label, words, pair.kind)


def _place(line: Line) -> tuple[int, int]:
    return line.page, line.index


def _cell_under(line: Line, box: Box) -> tuple[Word, ...]:
    for first, last in line.cells:
        under = bounding(line.words[first:last])
        if min(box.x1, under.x1) > max(box.x0, under.x0):
            return line.words[first:last]
    return ()


def _sure(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words of a value that are not strokes and boxes; none where most of them are."""
    sure = tuple(w for w in words if w.confidence >= SURE and any(c.isalnum() for c in w.text))
    return sure if 2 * len(sure) >= len(words) else ()
