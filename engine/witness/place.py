"""A place on a page held against a claimed value: what is printed there, and how like the claim it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.doctype import Leaf
from engine.label.anchors import letters
from engine.label.candidates import Candidate
from engine.label.claims import CHOICE, CURRENCY, NUMBERS, TEXTS, kind_of
from engine.label.lines import bounding
from engine.label.rank import Ranked
from engine.page import Box, Word
from engine.result import Quality, Verdict
from engine.values.date_likeness import date_likeness
from engine.values.dates import dates_in, resolve
from engine.values.identifier_likeness import identifier_likeness
from engine.values.identifiers import key_of
from engine.values.likeness import Likeness, number_likeness
from engine.values.numbers import parse_number
from engine.values.text_alignment import text_alignment
from engine.witness.judgement import Judgement
from engine.witness.sight import Sight

RUN = 0.7  # share of a place's letters that a claimed text must fill: the name within a longer name is another one
WRAPS = 2  # lines on which a text that begins at its place may go on
NEAR = 1.6  # line heights down to the next of them


@dataclass(frozen=True, slots=True)
class Place:
    """``words`` of a page that print ``printed``; ``value`` is what the ranking reads there. ``misread``: a text
    that differs from the claim in glyphs which OCR confuses, and in nothing else."""

    likeness: Likeness
    page: int
    printed: str
    value: Any
    words: tuple[Word, ...]
    misread: bool = False

    @property
    def box(self) -> Box:
        return bounding(self.words)

    @property
    def sure(self) -> float:
        """Confidence of the least sure word, 0..1."""
        return min(word.confidence for word in self.words)

    @property
    def digital(self) -> bool:
        """Is it what a program wrote, and no reading of ink?"""
        return all(word.reader == "text_layer" for word in self.words)

    def same_value(self, other: Place) -> bool:
        return self.value == other.value or key_of(str(self.value)) == key_of(str(other.value))

    def has_digits_of(self, value: Any) -> bool:
        return digits(self.printed) == digits(str(value))

    def judged(self, verdict: Verdict, reason: str, quality: Quality, evidence: Mapping[str, float]) -> Judgement:
        return Judgement(verdict, reason, self.printed, self.page, self.box, quality, dict(evidence))


def ranked_to_place(leaf: Leaf, value: Any, ranked: Ranked, sight: Sight, *, closely: bool = True) -> Place:
    """``closely``: also ask whether what is not equal could be the claim misread, which takes longer."""
    kind, candidate = kind_of(leaf), ranked.candidate
    if kind in TEXTS:
        return _text(str(value), candidate, sight)
    likeness: Likeness = "different"
    if kind in (CHOICE, CURRENCY):
        likeness = "equal" if candidate.value == value else "different"
    elif kind in NUMBERS:
        likeness = _number(value, candidate, sight, closely=closely)
    elif kind == "date":
        likeness = _date(str(value), candidate, leaf, sight)
    else:
        likeness = identifier_likeness(str(value), candidate.printed)
    return Place(likeness, candidate.line.page, candidate.printed, candidate.value, candidate.words)


def _number(value: Any, candidate: Candidate, sight: Sight, *, closely: bool) -> Likeness:
    claimed = as_number(value, sight.sheet.decimal_sign)
    if claimed is None or not (closely or candidate.value == claimed):
        return "different"
    return number_likeness(claimed, candidate.printed, sight.sheet.decimal_sign)


def as_number(value: Any, decimal_sign: str | None) -> Decimal | None:
    """A claimed number; also one written as text ("1,284.56")."""
    if isinstance(value, str):
        number = parse_number(value, decimal_sign)
        return number.value if number else None
    return None if isinstance(value, bool) else Decimal(value)


def _date(value: str, candidate: Candidate, leaf: Leaf, sight: Sight) -> Likeness:
    order, default = sight.sheet.date_order, leaf.date_order or sight.doctype.date_order
    return date_likeness(as_date(value, order or default), candidate.printed, order, default)


def as_date(value: str, order: str | None) -> str:
    """A claimed date in ISO form, also if it is written as on paper."""
    forms = dates_in(value)
    if len(forms) != 1 or value[:4].isdigit():
        return value
    day, assumed = resolve(forms[0], order, order or "dmy")
    return value if assumed and order is None else day.isoformat()


def _text(value: str, candidate: Candidate, sight: Sight) -> Place:
    """The run of words that prints the claim best, beginning in the candidate and going on below it or not."""
    best: Place | None = None
    for words in _with_wraps(candidate, sight):
        exact = all(word.reader == "text_layer" for word in words)
        found = text_alignment(value, [word.text for word in words], exact=exact)
        if found.likeness == "different" or found.span is None:
            continue
        run = words[slice(*found.span)]
        whole = words if len(words) > len(candidate.words) else candidate.words
        if len(_letters(run)) >= RUN * len(_letters(whole)) and (best is None or found.likeness == "equal"):
            printed = " ".join(word.text for word in run)
            left_out = any(digits(word.text) for word in whole if word not in run)
            likeness: Likeness = "compatible" if left_out else found.likeness  # a house number or a year is no trifle
            best = Place(likeness, candidate.line.page, printed, printed, tuple(run), found.misread)
        if best and best.likeness == "equal":
            return best
    return best or Place("different", candidate.line.page, candidate.printed, candidate.value, candidate.words)


def _with_wraps(candidate: Candidate, sight: Sight) -> Iterator[Sequence[Word]]:
    words = list(candidate.words)
    yield words
    end = candidate.line.index + candidate.rows - 1
    for step in range(1, WRAPS + 1):
        line = sight.sheet.layout.line_at(candidate.line.page, end + step)
        if line is None or line.box.y0 - max(w.box.y1 for w in words) > NEAR * line.height:
            return
        block = bounding(words)
        below = [
            word
            for first, last in line.cells
            if min(block.x1, line.words[last - 1].box.x1) > max(block.x0, line.words[first].box.x0)
            for word in line.words[first:last]
        ]
        if not below:
            return
        words = [*words, *below]
        yield words


def digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _letters(words: Sequence[Word]) -> str:
    return letters("".join(word.text for word in words))
