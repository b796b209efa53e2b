"""Where the given values stand on the samples: candidates that print them, and the place they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from rapidfuzz import fuzz

from engine.doctype import DocumentType, Leaf
from engine.infer.fields import as_number
from engine.infer.samples import Sample
from engine.label.anchors import letters
from engine.label.candidates import Candidate
from engine.label.claims import CHOICE, CURRENCY, NUMBERS, TEXTS, Sheet, is_single, kind_of, readings_to_sheet
from engine.leaf import Spot
from engine.page import Box
from engine.pointer import expand
from engine.values.dates import DateForm
from engine.values.identifiers import same_identifier
from engine.witness.place import as_date

SAME_TEXT = 90.0  # rapidfuzz ratio (0..100) of the letters from which a text is printed there
NEXT_BEST = 2.0  # of it, that a longer or shorter run of words may be worse than the best
MOST = 0.8  # share of the examples that must stand on one page for the place to be on it
LEAST_SLACK = 0.01  # of the page: what scanning alone shifts a value by
MOST_SLACK = 0.1  # of the page: room on each side beyond which two or three examples say nothing


@dataclass(frozen=True)
class Shown:
    """A sample with its sheet and its values, exact."""

    sheet: Sheet
    values: dict[str, Any]

    def value(self, leaf: Leaf) -> Any:
        return next((value for _, value in expand(self.values, leaf.pointer)), None)


def show(sample: Sample, doctype: DocumentType, values: dict[str, Any]) -> Shown:
    return Shown(readings_to_sheet(sample.readings, doctype), values)


def matches(shown: Shown, leaf: Leaf) -> list[Candidate]:
    """The candidates that print the leaf's value, in reading order; of texts only those that print it best."""
    value = shown.value(leaf)
    if value is None or not is_single(leaf):
        return []
    candidates = shown.sheet.pool(leaf).candidates
    if kind_of(leaf) in TEXTS:
        wanted = letters(str(value))
        ratios = [fuzz.ratio(wanted, letters(str(c.value)), score_cutoff=SAME_TEXT) for c in candidates]
        best = max(ratios, default=0.0)
        return [c for c, ratio in zip(candidates, ratios, strict=True) if ratio and ratio >= best - NEXT_BEST]
    return [candidate for candidate in candidates if prints(leaf, value, candidate, shown.sheet)]


def turned(shown: Shown, leaf: Leaf) -> bool:
    """Is a value of the leaf printed with the other sign only? It teaches where it stands, but is not read as given."""
    if kind_of(leaf) not in NUMBERS:
        return False
    read = {candidate.value for candidate in shown.sheet.pool(leaf).candidates}
    given = (as_number(value, shown.sheet.decimal_sign) for _, value in expand(shown.values, leaf.pointer))
    return any(number and number.value not in read and -number.value in read for number in given)


def prints(leaf: Leaf, value: Any, candidate: Candidate, sheet: Sheet) -> bool:
    """Is this the value, as dates and identifiers are equal, and numbers but for their sign?"""
    kind = kind_of(leaf)
    if kind in (CHOICE, CURRENCY):
        return bool(candidate.value == value)
    if kind in NUMBERS:
        number = as_number(value, sheet.decimal_sign)
        return number is not None and candidate.value in (number.value, -number.value)
    if kind == "date" and isinstance(candidate.form, DateForm):
        wanted = as_date(str(value), sheet.date_order)
        return any(day.isoformat() == wanted for _, day in candidate.form.readings)
    return same_identifier(str(value), candidate.printed)


def medoid(found: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """Of each sample's candidates the one nearest to those of the other samples; samples without any are left out.

    Only those on the page on which most samples have one count, where a sample has any there.
    """
    held = [group for group in found if group]
    often = Counter(page for group in held for page in {candidate.line.page for candidate in group})
    usual = max(often, key=lambda page: (often[page], -page), default=1)
    held = [[c for c in group if c.line.page == usual] or group for group in held]

    nearest = []
    for number, group in enumerate(held):
        others = [other for at, other in enumerate(held) if at != number]
        apart = [sum(min(distance(candidate, c) for c in other) for other in others) for candidate in group]
        nearest.append(group[apart.index(min(apart))])
    return nearest


def distance(a: Candidate, b: Candidate) -> float:
    """In fractions of the page; another page is as far as a page is long."""
    return abs(a.box.cx - b.box.cx) + abs(a.box.cy - b.box.cy) + float(a.line.page != b.line.page)


def candidates_to_spot(
    candidates: Sequence[Candidate], last_pages: Sequence[int], old: Spot | None = None
) -> Spot | None:
    """The place that holds all of them, with room for the next; None where one example is all there is.

    Of n values the next one lies outside their range in 2 of n + 1 cases, so the range grows by its (n - 1)th part on
    each side. ``last_pages`` is the number of the last page of each candidate's document. Where ``old`` was on the
    last page and they are too, that stays: the only page is the first and the last.
    """
    if not candidates:
        return None
    often = Counter(candidate.line.page for candidate in candidates)
    at_end = [candidate for candidate, last in zip(candidates, last_pages, strict=True) if candidate.line.page == last]
    usual, count = often.most_common(1)[0]
    page: int | Literal["last"] | None = None
    there = list(candidates)
    at_last = len(at_end) >= MOST * len(candidates)
    stays = at_last and old is not None and old.page == "last"
    if count >= MOST * len(candidates) and count >= len(at_end) and not stays:
        page, there = usual, [candidate for candidate in candidates if candidate.line.page == usual]
    elif at_last:
        page, there = "last", at_end
    if len(there) < 2:
        return None
    boxes = [candidate.box for candidate in there]
    x0, x1 = _wider([(box.x0, box.x1) for box in boxes])
    y0, y1 = _wider([(box.y0, box.y1) for box in boxes])
    return Spot(page, (x0, y0, x1, y1))


def _wider(spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The span of all, each edge moved out by the share of its own range that one more example may add."""
    starts, ends = [start for start, _ in spans], [end for _, end in spans]

    def slack(edges: Sequence[float]) -> float:
        return min(max((max(edges) - min(edges)) / (len(edges) - 1), LEAST_SLACK), MOST_SLACK)

    return max(0.0, round(min(starts) - slack(starts), 3)), min(1.0, round(max(ends) + slack(ends), 3))


def spot_to_json(spot: Spot) -> dict[str, Any]:
    """As ``x-place`` has it, three digits a fraction."""
    page = {} if spot.page is None else {"page": spot.page}
    return {**page, "box": [Decimal(f"{edge:.3f}").normalize() + 0 for edge in spot.box]}


def joined(old: Spot, new: Spot) -> Spot:
    """The place that holds both."""
    a, b = Box(*old.box), Box(*new.box)
    whole = a.union(b)
    return Spot(old.page if old.page == new.page else None, (whole.x0, whole.y0, whole.x1, whole.y1))
