"""How a candidate stands to the labels around it: right of one, below one, and what lies between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.label.anchors import Anchor
from engine.label.candidates import Candidate
from engine.page import Box
from engine.values.numbers import Number

DOWN = 4  # rows below a label in which its value may stand


@dataclass(frozen=True, slots=True)
class Relation:
    """One label seen from a candidate. ``gap`` is in letter heights; ``passed`` counts other candidates between."""

    anchor: Anchor
    side: Literal["right", "below"]
    gap: float
    aligned: float
    passed: int
    letters_between: int
    letters_before: int

    @property
    def strength(self) -> float:
        """0..1: near, well read, nothing in between. ``Total 0 % supplies`` is hardly the label ``total`` any more."""
        reach = 18.0 if self.side == "right" else 2.0
        near = math.exp(-self.gap / reach - self.letters_between / 8)
        return self.anchor.score**4 * near * 0.55**self.passed * self.aligned


@dataclass(frozen=True)
class Surroundings:
    """What stands on one page, by row: its labels, and the candidates of one kind."""

    anchors: Mapping[int, Sequence[Anchor]]
    rivals: Mapping[tuple[bool, int], Sequence[Candidate]]

    @classmethod
    def of(cls, anchors: Sequence[Anchor], candidates: Sequence[Candidate]) -> Surroundings:
        labels: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            labels.setdefault(anchor.line.index, []).append(anchor)
        rows: dict[tuple[bool, int], list[Candidate]] = {}
        for candidate in candidates:
            rows.setdefault((_percent(candidate), candidate.line.index), []).append(candidate)
        return cls(labels, rows)

    def rivals_of(self, candidate: Candidate, row: int) -> Sequence[Candidate]:
        return self.rivals.get((_percent(candidate), row), ())


def relations(candidate: Candidate, around: Surroundings) -> tuple[Relation, ...]:
    """The labels on the candidate's own row and on the few rows above it, each as seen from it."""
    row = candidate.line.index
    found = [_right(candidate, anchor, around) for anchor in around.anchors.get(row, ())]
    for above in range(row - DOWN, row):
        found += [_below(candidate, anchor, around) for anchor in around.anchors.get(above, ())]
    return tuple(relation for relation in found if relation)


def _percent(candidate: Candidate) -> bool:
    """A rate between label and amount is no rival of the amount: ``GST 6%   2.10``."""
    return isinstance(candidate.form, Number) and candidate.form.percent


def _right(candidate: Candidate, anchor: Anchor, around: Surroundings) -> Relation | None:
    line = candidate.line
    if anchor.line is not line or candidate.first <= anchor.first or candidate.last <= anchor.last:
        return None  # they may share a word: the RM of ``Total RM`` is also the currency of ``RM 8.95``
    gap = (line.words[candidate.first].box.x0 - _label_end(anchor, candidate)) / line.aspect / line.height
    row = around.rivals_of(candidate, line.index)
    passed = sum(anchor.last <= r.first and r.last <= candidate.first for r in row)
    between = sum(c.isalpha() for w in line.words[anchor.last : candidate.first] for c in w.text)
    return Relation(anchor, "right", max(gap, 0.0), 1.0, passed, between, _before(anchor))


def _label_end(anchor: Anchor, candidate: Candidate) -> float:
    """Right end of the label with the colon, dots or rule behind it (page fraction)."""
    words = anchor.line.words
    last = anchor.last
    while last < candidate.first and not any(c.isalnum() for c in words[last].text):
        last += 1
    return words[last - 1].box.x1


def _below(candidate: Candidate, anchor: Anchor, around: Surroundings) -> Relation | None:
    label, value, height = anchor.box, _first_row(candidate), candidate.line.height
    near = height * candidate.line.aspect  # a letter height, as a fraction of the page's width
    aligned = alignment(label, value, near)
    gap = (value.y0 - label.y1) / height
    if aligned == 0.0 or gap > 5:
        return None
    between = range(anchor.line.index + 1, candidate.line.index)
    passed = sum(alignment(label, _first_row(r), near) > 0 for row in between for r in around.rivals_of(candidate, row))
    return Relation(anchor, "below", max(gap, 0.0), aligned, passed, 0, _before(anchor))


def _first_row(candidate: Candidate) -> Box:
    words = candidate.line.words[candidate.first : candidate.last]
    return Box(words[0].box.x0, words[0].box.y0, words[-1].box.x1, words[0].box.y1)


def alignment(label: Box, value: Box, near: float) -> float:
    """How well two boxes stand under each other: by left edge, right edge, centre or overlap; 0..1."""
    if min(abs(label.x0 - value.x0), abs(label.x1 - value.x1), abs(label.cx - value.cx)) < near:
        return 1.0
    overlap = min(label.x1, value.x1) - max(label.x0, value.x0)
    return 0.7 if overlap > 0 else 0.0


def _before(anchor: Anchor) -> int:
    """Letters in the label's own cell in front of it: ``Nett`` before ``Total`` makes another label."""
    line = anchor.line
    start = line.cell_of(anchor.first)[0]
    return sum(c.isalpha() for w in line.words[start : anchor.first] for c in w.text)
