"""A candidate and a leaf, as numbers that a fitted weight can be put on. All features lie roughly in 0..1.

No feature names a document type or a field: what is learned here serves a type written tomorrow as well.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from engine.label.anchors import Anchor
from engine.label.candidates import Candidate
from engine.label.lines import Line
from engine.label.relations import Relation, Surroundings, relations
from engine.leaf import Spot
from engine.values.identifiers import Identifier
from engine.values.numbers import Number

Features = dict[str, float]
START, END = (
    re.compile(r"(^|_)(from|start|begin|opening)(_|$)"),
    re.compile(r"(^|_)(to|end|until|through)(_|$)"),
)
RANGE = ("-", "–", "—", "to", "thru", "through", "until", "bis", "au")
LEGAL = re.compile(
    r"\b(sdn|bhd|s/b|inc|llc|l\.l\.c|ltd|limited|corp|corporation|co|company|gmbh|ag|s\.?a|plc|pac|enterprise|"
    r"trading|holdings|restoran|restaurant|mart|store|stores|shop|hardware|group|committee|association)\b\.?",
    re.IGNORECASE,
)
STREET = re.compile(
    r"\b(jalan|jln|lorong|taman|tmn|lot|no|level|street|st|road|rd|avenue|ave|blvd|suite|floor|bandar|"
    r"kawasan|box|straße|strasse|str|rue|platz|drive|lane|way|plaza|building|block|unit)\b",
    re.IGNORECASE,
)
NOT_ADDRESS = re.compile(
    r"\b(tel|fax|phone|mobile|whatsapps?|h/?p|gst|vat|invoice|receipt|date|time|cashier|served|e?mail|www|reg|ssm|"
    r"roc|co\.?\s?no|id|total|hotline|bill|table|counter)\b|@|\d[\d -]{7,}\d",
    re.IGNORECASE,
)
NOT_NAME = re.compile(
    r"\b(invoice|receipt|tax|date|page|tel|fax|gst|total|cash|bill|no|welcome|thank|copy|statement)\b|@|www",
    re.IGNORECASE,
)
POSTCODE = re.compile(r"\b\d{5}(-\d{4})?\b")


@dataclass(frozen=True)
class Layout:
    """The document as rows with its labels found; ``pages`` are the page numbers that were read."""

    lines: tuple[Line, ...]
    anchors: tuple[Anchor, ...]
    pages: tuple[int, ...]

    @cached_property
    def anchors_of(self) -> dict[int, list[Anchor]]:
        grouped: dict[int, list[Anchor]] = {page: [] for page in self.pages}
        for anchor in self.anchors:
            grouped[anchor.line.page].append(anchor)
        return grouped

    @cached_property
    def rows_of(self) -> Counter[int]:
        return Counter(line.page for line in self.lines)

    def line_at(self, page: int, index: int) -> Line | None:
        return self._by_place.get((page, index))

    @cached_property
    def _by_place(self) -> dict[tuple[int, int], Line]:
        return {(line.page, line.index): line for line in self.lines}


@dataclass(frozen=True)
class Pool:
    """All candidates of one kind in a document, with what is the same for every leaf of that kind."""

    kind: str
    candidates: tuple[Candidate, ...]
    relations: tuple[tuple[Relation, ...], ...]
    own: tuple[Features, ...]

    @cached_property
    def by_row(self) -> dict[tuple[int, int], list[Candidate]]:
        rows: dict[tuple[int, int], list[Candidate]] = {}
        for candidate in self.candidates:
            rows.setdefault((candidate.line.page, candidate.line.index), []).append(candidate)
        return rows


def candidates_to_pool(kind: str, candidates: Sequence[Candidate], layout: Layout) -> Pool:
    by_page: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        by_page.setdefault(candidate.line.page, []).append(candidate)
    pages = {page: Surroundings.of(layout.anchors_of[page], group) for page, group in by_page.items()}
    around = tuple(relations(c, pages[c.line.page]) for c in candidates)
    repeats = Counter(c.value for c in candidates)
    amounts = Amounts.of(candidates) if kind in ("money", "quantity", "percent") else None
    own = tuple(
        place(c, layout)
        | traits(kind, c, layout)
        | {"repeated": min(repeats[c.value] - 1, 3) / 3}
        | (amounts.features(c) if amounts else {})
        for c in candidates
    )
    return Pool(kind, tuple(candidates), around, own)


def leaf_features(leaf: str, relations: Sequence[Relation]) -> Features:
    """How the labels stand: this leaf's own, and those of the other leaves, which speak against it."""
    name = leaf.rsplit("/", 1)[-1]
    mine = [r for r in relations if r.anchor.leaf == leaf]
    shared = {r.anchor.place for r in mine}
    rest = [r for r in relations if r.anchor.leaf != leaf and r.anchor.place not in shared]
    others = [r for r in rest if "*" not in r.anchor.leaf]
    columns = [r for r in rest if "*" in r.anchor.leaf]
    best = max(mine, key=lambda r: r.strength, default=None)
    found: Features = {"bias": 1.0, "label_none": float(best is None)}
    for side in ("right", "below"):
        own = max((r.strength for r in mine if r.side == side), default=0.0)
        other = max((r.strength for r in others if r.side == side), default=0.0)
        found |= {f"label_{side}": own, f"other_{side}": other, f"beats_{side}": float(own > other)}
        pure = [r for r in mine if r.side == side and not r.letters_between and not r.letters_before]
        found[f"pure_{side}"] = max((r.strength for r in pure), default=0.0)
        found[f"pure_first_{side}"] = max((1 / (1 + r.anchor.rank / 3) for r in pure if r.passed == 0), default=0.0)
        found[f"column_{side}"] = max((r.strength for r in columns if r.side == side), default=0.0)
        found[f"first_{side}"] = float(any(r.side == side and r.passed == 0 for r in mine))
    if best:
        found["label_rank"] = 1 / (1 + best.anchor.rank)
        found["label_exact"] = float(best.anchor.score > 0.99)
        found["letters_between"] = min(best.letters_between, 20) / 20
        found["letters_before"] = min(best.letters_before, 12) / 12
        found["label_long"] = min(best.anchor.last - best.anchor.first, 4) / 4
    if START.search(name) or END.search(name):
        found["names_an_end"] = 1.0
    return found


def role_features(leaf: str, candidate: Candidate, pool: Pool) -> Features:
    """``from`` and ``to`` share one label: which of the two dates it is tells the leaf's name."""
    name = leaf.rsplit("/", 1)[-1]
    row = pool.by_row[candidate.line.page, candidate.line.index]
    before = any(_joined(c, candidate) for c in row)
    after = any(_joined(candidate, c) for c in row)
    starts, ends = bool(START.search(name)), bool(END.search(name))
    return {
        "range_role": float((starts and after and not before) or (ends and before and not after)),
        "range_wrong": float((starts and before and not after) or (ends and after and not before)),
        "range_alien": float(not starts and not ends and (before or after)),
    }


def _joined(left: Candidate, right: Candidate) -> bool:
    """Two values with nothing but a dash or ``to`` between them."""
    if left is right or left.last > right.first:
        return left is not right and left.first == right.first and left.printed != right.printed and _glued(left, right)
    words = left.line.words[left.last : right.first]
    between = "".join(w.text for w in words).strip(".:")
    return (not between or joins_a_range(between)) and len(words) <= 2


def joins_a_range(between: str) -> bool:
    """Does the text between two values make a range of them: a dash or ``to``, and nothing else?"""
    return between.casefold().strip(" .:") in RANGE


def _glued(left: Candidate, right: Candidate) -> bool:
    """``10/20/20-10/26/20`` is one word: the order within it tells."""
    if left.form is None or right.form is None:
        return False
    return 0 <= right.form.start - left.form.end <= 3


def spot_features(candidate: Candidate, layout: Layout, spot: Spot) -> Features:
    """How well the candidate stands where the type says: 1 inside, less the more letter heights it lies outside."""
    page = layout.pages[-1] if spot.page == "last" else spot.page
    if page not in (None, candidate.line.page):
        return {"in_spot": 0.0}
    x0, y0, x1, y1 = spot.box
    box, line = candidate.box, candidate.line
    beside = max(x0 - box.x0, box.x1 - x1, 0.0) / line.aspect
    above = max(y0 - box.y0, box.y1 - y1, 0.0)
    return {"in_spot": math.exp(-math.hypot(beside, above) / line.height)}


OF_PLACE = (
    *("x", "right_edge", "y", "row", "top", "near_top", "first_page", "last_page", "tall", "confidence"),
    *("alone", "line_start", "line_end"),
)


def place(candidate: Candidate, layout: Layout) -> Features:
    box, line = candidate.words[0].box, candidate.line
    rows = max(layout.rows_of[line.page] - 1, 1)
    height = sum(w.box.height for w in candidate.words) / len(candidate.words)
    return {
        "x": box.x0,
        "right_edge": candidate.words[-1].box.x1,
        "y": box.y0,
        "row": line.index / rows,
        "top": math.exp(-line.index / 2),
        "near_top": math.exp(-line.index / 8),
        "first_page": float(line.page == layout.pages[0]),
        "last_page": float(line.page == layout.pages[-1]),
        "tall": min(height / line.height, 3) / 3,
        "confidence": candidate.confidence,
        "alone": float(candidate.last - candidate.first == len(line.words)),
        "line_start": float(candidate.first == 0),
        "line_end": float(candidate.last == len(line.words)),
    }


def traits(kind: str, candidate: Candidate, layout: Layout) -> Features:
    if kind == "date":
        return {"ambiguous": float(candidate.ambiguous), "long": min(len(candidate.printed), 20) / 20}
    if kind == "identifier":
        return _identifier_traits(candidate)
    if kind == "address":
        return _address_traits(candidate, layout)
    if kind in ("name", "text"):
        return _name_traits(candidate, layout)
    return {}


def _identifier_traits(candidate: Candidate) -> Features:
    text = str(candidate.value)
    digits = sum(c.isdigit() for c in text)
    return {
        "digits": digits / max(len(text), 1),
        "long": min(len(text), 16) / 16,
        "short": float(digits < 3),
        "letters": float(any(c.isalpha() for c in text)),
        "dash": float("-" in text),
        "phone": float(isinstance(candidate.form, Identifier) and candidate.form.phone),
    }


def _labels_inside(candidate: Candidate, layout: Layout) -> float:
    words = set(map(id, candidate.words))
    inside = sum(
        anchor.last - anchor.first
        for anchor in layout.anchors_of[candidate.line.page]
        if id(anchor.line.words[anchor.first]) in words
    )
    return min(inside / len(candidate.words), 1.0)


def _name_traits(candidate: Candidate, layout: Layout) -> Features:
    text = str(candidate.value)
    letters = max(sum(c.isalpha() for c in text), 1)
    return {
        "digits": min(sum(c.isdigit() for c in text) / letters, 1.0),
        "long": min(len(text), 60) / 60,
        "short": float(letters < 4),
        "capitals": sum(c.isupper() for c in text) / letters,
        "legal_form": float(bool(LEGAL.search(text))),
        "legal_end": float(bool(re.search(LEGAL.pattern + r"\W*$", text, re.IGNORECASE))),
        "not_name": float(bool(NOT_NAME.search(text))),
        "street": float(bool(STREET.search(text))),
        "bracket": float("(" in text),
        "colon": float(":" in candidate.printed),
        "two_rows": float(candidate.rows > 1),
        "label_inside": _labels_inside(candidate, layout),
        "cell": float((candidate.first, candidate.last) in candidate.line.cells),
        "sentence": float(len(candidate.words) > 8),
        "weak_words": sum(w.confidence < 0.5 for w in candidate.words) / len(candidate.words),
    }


def _address_traits(candidate: Candidate, layout: Layout) -> Features:
    text, line = candidate.printed, candidate.line
    above = layout.line_at(line.page, line.index - 1)
    below = layout.line_at(line.page, line.index + candidate.rows)
    first_row = " ".join(w.text for w in line.words[candidate.first : candidate.last])
    last_line = layout.line_at(line.page, line.index + candidate.rows - 1) or line
    tail = " ".join(w.text for w in candidate.words[-4:])
    return {
        f"rows_{min(candidate.rows, 6)}": 1.0,
        "postcode": float(bool(POSTCODE.search(text))),
        "postcode_many": float(len(POSTCODE.findall(text)) > 1),
        "street": min(len(STREET.findall(text)), 4) / 4,
        "street_first": float(bool(STREET.search(first_row))),
        "digit_first": float(any(c.isdigit() for c in first_row)),
        "legal_form": float(bool(LEGAL.search(text))),
        "legal_first": float(bool(LEGAL.search(first_row))),
        "not_address": min(len(NOT_ADDRESS.findall(text)), 3) / 3,
        "not_first": float(bool(NOT_ADDRESS.search(first_row))),
        "not_last": float(bool(NOT_ADDRESS.search(last_line.text))),
        "plain_last": float(
            not (STREET.search(last_line.text) or POSTCODE.search(last_line.text) or "," in text[-25:])
        ),
        "postcode_tail": float(bool(POSTCODE.search(tail))),
        "commas": min(text.count(","), 4) / 4,
        "ends_open": float(text.rstrip().endswith(",")),
        "below_not": float(below is None or bool(NOT_ADDRESS.search(below.text))),
        "below_street": float(below is not None and bool(STREET.search(below.text) or POSTCODE.search(below.text))),
        "above_legal": float(above is not None and bool(LEGAL.search(above.text))),
        "above_street": float(above is not None and bool(STREET.search(above.text))),
        "above_not": float(above is not None and bool(NOT_ADDRESS.search(above.text))),
        "money": float(bool(re.search(r"\d\.\d\d\b", text))),
        "whole_rows": float(candidate.first == 0 and candidate.last == len(line.words)),
    }


@dataclass(frozen=True)
class Amounts:
    """The amounts of a document together: which is largest, which adds up from others."""

    largest: Decimal
    values: tuple[Decimal, ...]  # ascending
    differences: frozenset[Decimal]

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Amounts:
        priced = [c.value for c in candidates if isinstance(c.form, Number) and c.form.decimals == 2]
        values = tuple(dict.fromkeys(priced[-40:]))  # the closing amounts stand last; bounds the pairs
        pairs = {a - b for a in values for b in values if 0 < b < a}
        return cls(max(priced, default=Decimal(0)), tuple(sorted(priced)), frozenset(pairs))

    def features(self, candidate: Candidate) -> Features:
        form = candidate.form
        if not isinstance(form, Number):
            raise TypeError(f"{candidate.printed!r} is no parsed number")
        rank = len(self.values) - bisect_right(self.values, candidate.value)
        return {
            "two_decimals": float(form.decimals == 2),
            "whole": float(form.decimals == 0),
            "currency": float(form.currency is not None or form.sign_printed is not None),
            "percent": float(form.percent),
            "zero": float(candidate.value == 0),
            "negative": float(candidate.value < 0),
            "largest": float(candidate.value == self.largest),
            "large": math.exp(-rank / 2),
            "difference": float(form.decimals == 2 and candidate.value in self.differences),
            "repaired": float(form.repaired),
            "digits": min(len(form.printed), 10) / 10,
        }
