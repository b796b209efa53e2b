"""The year of a date that is printed without one ("03 Jan"), as the document's other dates tell it.

A printed period decides ("15 Dec 2023 to 14 Jan 2024" makes it 2024). Without one the only printed year does, if
the date is then near a printed one. Else it may be of several years, and nothing is settled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from engine.label.lines import Line
from engine.values.dates import DateForm, dates_in, resolve

LONGEST = 400  # days of a period: a year's statement, and what it may be late by
NEAR = 183  # days: half a year, so that no other year brings a date nearer to a printed one
LEAP = 2000  # a year that has all days
TO = "to|until|till|through|thru|bis|au|al|t/m"
JOINS = re.compile(rf"[\W_]*(?:{TO})?[\W_]*", re.IGNORECASE)
BEFORE = re.compile(rf"((?:\S+\s+){{0,2}}\S+?)\s*(?:[-\u2013\u2014]|\b(?:{TO})\b)\s*$", re.IGNORECASE)

Dated = Callable[[str, int], DateForm | None]  # a printed day and month with a year added


@dataclass(frozen=True, slots=True)
class Years:
    """``printed``: the years of four digits, ``days``: all whole dates, ``periods``: first and last day of each."""

    printed: tuple[int, ...] = ()
    days: tuple[date, ...] = ()
    periods: tuple[tuple[date, date], ...] = ()

    def readings(self, printed: str, dated: Dated) -> tuple[tuple[DateForm, ...], bool]:
        """The dates that a form without a year may be, and whether only one is meant."""
        known = {*self.printed, *(day.year for period in self.periods for day in period)}
        if not known or not dated(printed, LEAP):
            return (), False
        about = sorted({year + step for year in known for step in (-1, 0, 1)})
        tried = [form for year in about if (form := dated(printed, year))]
        inside = [form for form in tried if any(self._in_period(day) for _, day in form.readings)]
        if inside:
            return tuple(inside), len(inside) == 1
        own = [form for form in tried if form.readings[0][1].year in known]
        if len(known) == 1 and own and self._near_a_date(own[0]):
            return tuple(own), True
        return tuple(tried), False

    def _in_period(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.periods)

    def _near_a_date(self, form: DateForm) -> bool:
        return any(abs((day - known).days) <= NEAR for _, day in form.readings for known in self.days)


def lines_to_years(lines: Sequence[Line], order: str | None, default: str, dated: Dated) -> Years:
    """``order`` is that of the document's numeric dates, ``default`` the type's where the document does not tell."""
    printed: set[int] = set()
    days: set[date] = set()
    periods: set[tuple[date, date]] = set()
    for line in lines:
        forms = dates_in(line.text)
        whole = [(form, resolve(form, order, default)[0]) for form in forms]
        printed |= {day.year for form, day in whole if str(day.year) in form.printed}
        days |= {day for _, day in whole}
        periods |= set(_periods(line.text, whole, dated))
    return Years(tuple(sorted(printed)), tuple(sorted(days)), tuple(sorted(periods)))


def _periods(text: str, whole: Sequence[tuple[DateForm, date]], dated: Dated) -> Iterator[tuple[date, date]]:
    for (form, first), (behind, last) in pairwise(whole):
        joins = text[form.end : behind.start]
        if joins.strip() and JOINS.fullmatch(joins) and 0 < (last - first).days <= LONGEST:
            yield first, last
    for at, (form, last) in enumerate(whole):  # "15 Dec to 14 Jan 2024"
        head = text[whole[at - 1][0].end if at else 0 : form.start]
        match = BEFORE.search(head)
        for start in _ends_of(match[1]) if match else ():
            begun = [d.readings[0][1] for year in (last.year, last.year - 1) if (d := dated(start, year))]
            if before := [day for day in begun if 0 < (last - day).days <= LONGEST]:
                yield before[0], last
                break


def _ends_of(words: str) -> Iterator[str]:
    parts = words.split()
    yield from (" ".join(parts[-count:]) for count in (2, 1) if count <= len(parts))
