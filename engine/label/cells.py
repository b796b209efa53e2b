"""A cell's words to the value of its leaf, in the notation of the document."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.doctype import Leaf
from engine.label.anchors import letters
from engine.label.candidates import clean_text
from engine.label.columns import NUMBERS
from engine.label.features import Layout
from engine.label.lines import Line, bounding
from engine.page import Box, Word
from engine.values.dates import DateForm, date_order_of, dates_in, resolve
from engine.values.identifiers import identifiers_in
from engine.values.numbers import Number, decimal_sign_of, numbers_in, parse_number

MANY = 4  # amounts with two decimals that tell how a document writes them


@dataclass(frozen=True, slots=True)
class Notation:
    """How the document writes: its decimal sign, the order of its dates, the year most of them are of.

    ``cents``: amounts have two decimals, so that one without has probably lost its point.
    """

    decimal_sign: str | None
    date_order: str | None
    year: int | None
    cents: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One leaf's value in one row, with the words it was read from."""

    value: Any
    printed: str
    page: int
    words: tuple[Word, ...]
    ambiguous: bool = False
    assumed: bool = False

    @property
    def box(self) -> Box:
        return bounding(self.words)

    @property
    def confidence(self) -> float:
        """The least sure of its words, 0..1; half of it where a part of the value is not printed.

        Such are the year of a date and the point of an amount.
        """
        return min(word.confidence for word in self.words) * (0.5 if self.assumed else 1.0)


def layout_to_notation(layout: Layout) -> Notation:
    forms = [form for line in layout.lines for form in dates_in(line.text)]
    full = [(form.readings[0][1].year, form) for form in forms]
    years = Counter(year for year, form in full if str(year) in form.printed)
    decimal_sign = decimal_sign_of(line.text for line in layout.lines)
    priced = sum(n.decimals == 2 for line in layout.lines for n in numbers_in(line.text, decimal_sign))
    return Notation(
        decimal_sign,
        date_order_of(forms),
        years.most_common(1)[0][0] if years else None,
        priced >= MANY,
    )


def cell_to_value(leaf: Leaf, cell: Line, notation: Notation, default_order: str, *, last: bool = False) -> Cell | None:
    """What the cell says of the leaf, None where it says nothing that fits.

    Of several dates the first counts, or the ``last``.
    """
    if leaf.kind == "date":
        return _date(cell, notation, leaf.date_order or default_order, -1 if last else 0)
    if leaf.type in ("number", "integer"):
        return _number(leaf, cell, notation)
    if leaf.type == "boolean":
        return None
    if leaf.choices:
        chosen = next((c for c in leaf.choices if letters(str(c)) == letters(cell.text)), None)
        return None if chosen is None else Cell(chosen, cell.text, cell.page, cell.words)
    if leaf.kind == "identifier":
        return _identifier(cell)
    text = clean_text(cell.text)
    return Cell(text, cell.text, cell.page, cell.words) if letters(text) else None


def _number(leaf: Leaf, cell: Line, notation: Notation) -> Cell | None:
    forms = numbers_in(cell.text, notation.decimal_sign)
    if not forms:
        whole = parse_number(cell.text, notation.decimal_sign)
        forms = (whole,) if whole else ()
    form = _fitting(leaf, forms)
    if form is None or (leaf.type == "integer" and form.value != form.value.to_integral_value()):
        return None
    value: int | Decimal = int(form.value) if leaf.type == "integer" else form.value
    lost = leaf.kind == "money" and notation.cents and form.decimals == 0 and form.currency is None
    return replace(_spanned(cell, value, form), assumed=lost)


def _fitting(leaf: Leaf, forms: tuple[Number, ...]) -> Number | None:
    """Of several numbers in one cell: an amount has decimals and stands last, a quantity stands first."""
    if leaf.kind not in NUMBERS or leaf.kind == "quantity":
        return forms[0] if forms else None
    whole = [f for f in forms if not f.printed.startswith(".")]  # .25 is what a crease leaves of 9.25
    return next((f for f in reversed(whole) if f.decimals == 2), whole[-1] if whole else None)


def _date(cell: Line, notation: Notation, default: str, which: int) -> Cell | None:
    forms, assumed = dates_in(cell.text), False
    if not forms and notation.year and re.search(r"\d", cell.text):
        longer = f"{cell.text.strip(' .')} {notation.year}"
        forms = tuple(f for f in dates_in(longer) if f.start == 0 and f.end == len(longer) and not f.repaired)
        assumed = True
    if not forms:
        return None
    day, ambiguous = resolve(forms[which], notation.date_order, default)
    if assumed:
        return Cell(day.isoformat(), cell.text, cell.page, cell.words, ambiguous, assumed=True)
    return _spanned(cell, day.isoformat(), forms[which], ambiguous)


def _identifier(cell: Line) -> Cell | None:
    found = identifiers_in(cell.text)
    if found:
        first, last = cell.between(found[0].start, found[0].end)
        return Cell(found[0].printed, found[0].printed, cell.page, cell.words[first:last])
    return None


def _spanned(cell: Line, value: Any, form: Number | DateForm, ambiguous: bool = False) -> Cell:
    first, last = cell.between(form.start, form.end)
    return Cell(value, form.printed, cell.page, cell.words[first:last], ambiguous)
