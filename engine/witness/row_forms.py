"""The lines of a page as a table's rows need them: torn ones mended, their numbers and dates, and keys.

A key is what a claimed value and a line have in common where the line prints the value: its number, its digits,
its day, or one of its words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.label.anchors import letters
from engine.label.lines import Line
from engine.values.dates import DateForm, dates_in
from engine.values.numbers import Number, numbers_in
from engine.witness.row_years import Years

Keys = Mapping[str, float]  # key to weight: how much it tells, rarity not counted
TORN = 0.3  # vertical overlap from which two lines are one, if their words stand clear of each other


@dataclass(frozen=True, slots=True)
class Form:
    """A number or date of a line: words ``first`` to ``last`` (half-open), ``meant`` as it is to be understood.

    ``meant`` is the printed form, with the document's year added to a date without one. Where several years may be
    the one, ``open`` holds all that may be meant (``meant`` is then the first of them).
    """

    line: Line
    first: int
    last: int
    meant: str
    printed: str
    value: Decimal | None
    days: tuple[str, ...] = ()
    decimals: int = 0
    open: tuple[str, ...] = ()

    @property
    def x0(self) -> float:
        return self.line.words[self.first].box.x0

    @property
    def x1(self) -> float:
        return self.line.words[self.last - 1].box.x1


def mended(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with those made one that stand at one height beside each other."""
    found: list[Line] = []
    for line in lines:
        above = found[-1] if found else None
        if above and above.page == line.page and _torn(above, line):
            found[-1] = replace(above, words=tuple(sorted((*above.words, *line.words), key=lambda w: w.box.x0)))
        else:
            found.append(line)
    return tuple(found)


def _torn(upper: Line, lower: Line) -> bool:
    a, b = upper.box, lower.box
    if min(a.y1, b.y1) - max(a.y0, b.y0) < TORN * min(a.height, b.height):
        return False
    return all(u.box.x1 <= v.box.x0 or v.box.x1 <= u.box.x0 for u in upper.words for v in lower.words)


def line_to_forms(line: Line, decimal_sign: str | None, years: Years) -> tuple[Form, ...]:
    """The numbers and dates of a line, from left to right; a date may lack its year, which ``years`` tell.

    No date reaches over a gap between cells ("Apr 18  Apr 24" are two).
    """
    numbers = [_form(line, 0, n, n.value) for n in numbers_in(line.text, decimal_sign)]
    dates = [form for start, end in line.cells for form in _dates(line, start, end, years)]
    return tuple(sorted((*numbers, *dates), key=lambda form: form.first))


def _form(line: Line, start: int, found: Number | DateForm, value: Decimal | None) -> Form:
    """``found`` in the words of the line from ``start`` on."""
    part = replace(line, words=line.words[start:]) if start else line
    first, last = part.between(found.start, found.end)
    decimals = found.decimals if isinstance(found, Number) else 0
    return Form(line, start + first, start + last, found.printed, found.printed, value, _days(found), decimals)


def _days(found: Number | DateForm) -> tuple[str, ...]:
    return tuple(day.isoformat() for _, day in found.readings) if isinstance(found, DateForm) else ()


def _dates(line: Line, start: int, end: int, years: Years) -> Iterator[Form]:
    """The dates of a cell; without a whole one, runs of one or two words that are one with a year added."""
    words = [word.text for word in line.words[start:end]]
    if not any(c.isdigit() for word in words for c in word):
        return
    if found := dates_in(" ".join(words)):
        yield from (_form(line, start, date, None) for date in found)
        return
    at = start
    while at < end:
        tried = (_yearless(line, at, stop, years) for stop in (at + 2, at + 1) if stop <= end)
        form = next(filter(None, tried), None)
        if form:
            yield form
        at = form.last if form else at + 1


def _yearless(line: Line, first: int, last: int, years: Years) -> Form | None:
    printed = " ".join(word.text for word in line.words[first:last])
    found, settled = years.readings(printed.strip(" .,"), dated)
    if not found:
        return None
    days = tuple(dict.fromkeys(day for form in found for day in _days(form)))
    meant = tuple(form.printed for form in found)
    return Form(line, first, last, meant[0], printed, None, days, open=() if settled else meant)


@lru_cache(maxsize=1 << 15)
def dated(printed: str, year: int) -> DateForm | None:
    """The date that a printed day and month make with a year, None where they make none."""
    if len(printed) > 12 or not any(map(str.isdigit, printed)):
        return None
    for longer in (f"{printed} {year}", f"{printed}/{year}"):
        whole = [d for d in dates_in(longer) if (d.start, d.end) == (0, len(longer)) and not d.repaired]
        if whole:
            return whole[0]
    return None


# --- keys ---------------------------------------------------------------------------------------------------


def value_to_keys(value: Any) -> Keys:
    """What a line that prints the value may hold. Of a number or date one key is enough, of a text each counts."""
    if isinstance(value, Decimal | int):
        amount = abs(Decimal(value))
        digits = _digits(amount)
        weight = (0.1, 0.3, 0.6, 1.0)[min(len(digits) + (amount % 1 != 0), 3)]
        return {f"n{amount.normalize()}": weight} | ({f"d{digits}": 0.6 * weight} if len(digits) > 2 else {})
    if match := re.match(r"(\d{4}-\d\d-\d\d)(?:$|[T ])", str(value)):
        return {f"t{match[1]}": 0.8}
    words = Counter(word for word in map(letters, re.findall(r"[^\W_]+", str(value))) if word)
    size = sum(len(word) for word in words)
    return {f"w{word}": min(1.0, size / 3) * len(word) / size for word in words}


def _digits(value: Decimal) -> str:
    return "".join(map(str, value.as_tuple().digits)).strip("0")


def line_to_keys(line: Line, forms: Sequence[Form]) -> frozenset[str]:
    keys = {f"w{letters(part)}" for word in line.words for part in re.findall(r"[^\W_]+", word.text)}
    for form in forms:
        if form.value is not None:
            keys |= {f"n{abs(form.value).normalize()}", f"d{_digits(form.value)}"}
        keys |= {f"t{day}" for day in form.days}
    return frozenset(keys)


def is_text(cell: Keys) -> bool:
    """Of a text every key counts, of a number or date one is enough."""
    return next(iter(cell))[0] == "w"
