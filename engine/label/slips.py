"""Rows of a table without a head, as tills print them: lines that end with an amount, down to the total.

MILK 2L            3.40 SR        the line says all
TEH TARIK
  2 x 2.20         4.40           the description stands above
TOMATOES           9.18
  2.30 @ 3.99                     how many stands below
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.label.candidates import clean_text
from engine.label.cells import Cell
from engine.label.lines import Line
from engine.values.dates import dates_in
from engine.values.numbers import Number, numbers_in

FLAGS = re.compile(r"[\W_]*[A-Za-z]{0,3}[\W_]*\d?[\W_]*")  # tax letters and noise behind an amount
TIMES = re.compile(r"^\W*(\d+(?:[.,]\d{1,3})?)\s*(?:pcs?|kg|lb|nos|ea)?\.?\s*[xX×@*]\s*", re.IGNORECASE)
EACH = re.compile(r"^\W*@\s*\S+\s*(each|ea)?\W*$", re.IGNORECASE)
CENT = Decimal("0.01")
NEAR = 2.0  # letter heights between a line and the one that completes it, at the most
Cells = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Amounts:
    """Pointers of the leaves a slip's row can fill."""

    description: str
    amount: str
    quantity: str | None
    unit_price: str | None


def lines_to_slip_rows(
    lines: Sequence[Line], names: Amounts, decimal_sign: str | None, closes: Callable[[Line], bool]
) -> list[Cells]:
    """Rows in reading order; none where no closing label follows, for then it is hardly a bill."""
    rows: list[Cells] = []
    above: Line | None = None
    last: Line | None = None
    for line in lines:
        if closes(line):
            return rows
        numbers = numbers_in(line.text, decimal_sign)
        if last is not None and _near(last, line) and _completes(line, numbers, names, rows[-1]):
            above = last = None
            continue
        # how many, of a row that could not be read itself
        alone = len(numbers) == 2 and TIMES.match(line.text) and not _words(line.text)
        amount = None if alone else _closing_amount(line, numbers)
        if amount is None:
            above = line if not numbers or _words(line.text) else None
            last = None
            continue
        cells = _row(line, numbers, amount, names)
        if names.description not in cells and above is not None and _near(above, line):
            cells[names.description] = Cell(clean_text(above.text), above.text, above.page, above.words)
        if names.description in cells:
            rows.append(cells)
            last = line
        above = None
    return []


def _near(upper: Line, lower: Line) -> bool:
    return upper.page == lower.page and lower.box.y0 - upper.box.y1 < NEAR * lower.height


def _closing_amount(line: Line, numbers: Sequence[Number]) -> Number | None:
    if not numbers or dates_in(line.text):
        return None
    last = numbers[-1]
    if last.printed.startswith("."):  # what a crease leaves of 9.25
        return None
    return last if last.decimals == 2 and FLAGS.fullmatch(line.text[last.end :]) else None


def _row(line: Line, numbers: Sequence[Number], amount: Number, names: Amounts) -> Cells:
    """What one line says: its amount, how many at which price, and the words that are left."""
    cells = {names.amount: _cell(line, amount)}
    left = [n for n in numbers if n.end <= amount.start]
    pair = next(((q, p) for q in left for p in left if q.end <= p.start and _product(q, p, amount)), None)
    times = TIMES.match(line.text)
    counted = pair or ((left[0],) if times and left else ())
    for pointer, number in zip((names.quantity, names.unit_price), counted, strict=False):
        if pointer:
            cells[pointer] = _cell(line, number)
    begin = max(times.end() if times else 0, *(n.end for n in counted if n.start <= 3), 0)
    end = min([amount.start, *(n.start for n in counted if n.start > begin)])
    words = line.words[slice(*line.between(begin, end))] if begin < end else ()
    text = clean_text(" ".join(word.text for word in words))
    if _words(text):
        cells[names.description] = Cell(text, text, line.page, words)
    return cells


def _cell(line: Line, number: Number) -> Cell:
    first, last = line.between(number.start, number.end)
    return Cell(number.value, number.printed, line.page, line.words[first:last])


def _completes(line: Line, numbers: Sequence[Number], names: Amounts, row: Cells) -> bool:
    """Whether the line tells how many at which price; if so the row is completed with it."""
    amount, known = row[names.amount].value, row.get(names.quantity or "")
    quantity = price = None
    if TIMES.match(line.text) and len(numbers) == 2:
        quantity, price = numbers
    elif EACH.match(line.text) and len(numbers) == 1:
        price = numbers[0]
    factor = quantity.value if quantity else known.value if known else None
    if price is None or factor is None or abs(factor * price.value - amount) > CENT:
        return False
    if quantity and names.quantity:
        row[names.quantity] = _cell(line, quantity)
    if names.unit_price:
        row[names.unit_price] = _cell(line, price)
    return True


def _words(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 2


def _product(quantity: Number, price: Number, amount: Number) -> bool:
    return abs(quantity.value * price.value - amount.value) <= CENT
