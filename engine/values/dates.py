"""Dates in a line of text, each with every reading it allows.

A numeric date such as 03/04/2018 does not tell its order. It is kept with all its readings until the document
(:func:`date_order_of`) or the document type tells: choosing at the first sight is how wrong dates are born.

What is read: 25/12/2018, 25-12-18, 25.12.2018, 2018-12-25, 20181225, 25 Dec 2018, 25-DEC-18, December 25th,
2018, Dec25/18, 2018-Dec-25, month names in English, French, German, Spanish, Italian and Malay; a time may
be glued on (25/12/201810:35). OCR's habits are mended and marked ``repaired``: split tokens (25 /12/ 2018),
letters for digits (25/I2/2O18), a stroke read as a digit or letter (06t01120), one wrong letter in a month
(14/dun/2019).

What is not: a month without a day or without a year, a year outside 1900 to 2100, a year of one or three
digits, and what goes on as an identifier or a number (25-12-18-001, 1.12.51.3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

Order = Literal["dmy", "mdy", "ymd"]

PIVOT = 50
"""Two-digit years up to this one are 20xx, above it 19xx. Fixed: a document reads the same every year."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True, slots=True)
class DateForm:
    """A date as printed: ``printed == text[start:end]``, an added time not counted.

    ``readings`` holds (order, date) for each order that gives a possible date; a named month has one.
    ``numeric`` is False where the month is a word: such a form says nothing of the order of numeric ones.
    """

    printed: str
    start: int
    end: int
    readings: tuple[tuple[Order, date], ...]
    numeric: bool = True
    repaired: bool = False

    @property
    def unambiguous(self) -> bool:
        """Only one date is meant. A two-digit year in front (18-12-25) is hardly ever printed, so it counts
        only where nothing else is possible."""
        return len({day for _, day in _likely(self.readings)}) == 1

    def reading(self, order: str | None) -> date | None:
        """The date when read in this order, None where that is impossible."""
        return dict(self.readings).get(order)  # type: ignore[call-overload, no-any-return]


def dates_in(text: str, pivot: int = PIVOT) -> tuple[DateForm, ...]:
    """Every date in a line of text, left to right. A range (10/20/20-10/26/20) gives two."""
    found = [form for finder in (_named, _numeric) for form in finder(text, pivot)]
    found += _stroke_dates(text, pivot, beside_a_date=bool(found))
    kept: list[DateForm] = []
    for form in sorted(found, key=lambda f: (f.start, -f.end)):
        if not kept or form.start >= kept[-1].end:
            kept.append(form)
    return tuple(kept)


def date_order_of(forms: Iterable[DateForm]) -> Order | None:
    """The order of a document's numeric dates; None without evidence or where the evidence conflicts.

    A form is evidence where one order is possible only (25/12/2018). Years in front tell themselves, so
    they are answered (``ymd``) only where no other form gives evidence.
    """
    seen = {_evidence(form) for form in forms if form.numeric and not form.repaired} - {None}
    if len(seen) > 1:
        seen.discard("ymd")
    return seen.pop() if len(seen) == 1 else None


def resolve(form: DateForm, order: str | None, default: str) -> tuple[date, bool]:
    """The date meant, and whether it had to be assumed.

    ``order`` is what the document tells (no doubt is left then), ``default`` what is usual for its type
    (doubt is left). A form that allows one date only is that date, whatever the order.
    """
    if form.unambiguous:
        return _likely(form.readings)[0][1], False
    told = form.reading(order)
    if told is not None:
        return told, False
    return form.reading(default) or form.readings[0][1], True


# --- readings ---------------------------------------------------------------------------------------------


def _likely(readings: tuple[tuple[Order, date], ...]) -> tuple[tuple[Order, date], ...]:
    return tuple(r for r in readings if r[0] != "ymd") or readings


def _evidence(form: DateForm) -> Order | None:
    likely = _likely(form.readings)
    return likely[0][0] if len(likely) == 1 else None


def _year(digits: str, pivot: int) -> int:
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) <= pivot else 1900)


def _date(year: int, month: int, day: int) -> date | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _readings(a: str, b: str, c: str, pivot: int) -> tuple[tuple[Order, date], ...]:
    """All possible dates of three groups of digits, in printed order."""
    if len(a) == 4:
        tried: list[tuple[Order, date | None]] = [("ymd", _date(int(a), int(b), int(c)))]
    else:
        year = _year(c, pivot)
        tried = [("dmy", _date(year, int(b), int(a))), ("mdy", _date(year, int(a), int(b)))]
        if len(a) == len(b) == len(c) == 2:
            tried.append(("ymd", _date(_year(a, pivot), int(b), int(c))))
    return tuple((order, day) for order, day in tried if day is not None)


# --- numeric forms ----------------------------------------------------------------------------------------

_LETTERS = str.maketrans("OoQ@Il|!ZSB", "00001111258")
_D = r"[0-9OoQ@Il|!ZSB]"
# " -5" looks like a negative number: a dash may have a space behind it or on both sides, not only before it.
_SEP = r"(?:\ ?/\ ?|-\ ?|\ -\ |\ ?\.\ ?)"
_TIME_OR_END = r"(?=\d{1,2}:\d\d|\D|$)"

_YEAR_LAST = re.compile(
    rf"({_D}{{1,2}})({_SEP})({_D}{{1,2}})({_SEP})({_D}{{4}}(?!:\d\d){_TIME_OR_END}|{_D}{{2}}{_TIME_OR_END})"
)
_YEAR_FIRST = re.compile(rf"({_D}{{4}})({_SEP})({_D}{{1,2}})({_SEP})({_D}{{2}}{_TIME_OR_END}|{_D}(?!{_D}))")
_COMPACT = re.compile(r"(?<![\w.,/-])((?:19|20)\d\d)(\d\d)(\d\d)(?![\w%]|[.,/-]\w)")


def _numeric(text: str, pivot: int) -> Iterator[DateForm]:
    end = 0
    while match := _next_numeric(text, end):
        form = _numeric_form(text, match, end, pivot)
        end = form.end if form else match.start() + 1
        if form:
            yield form
    for match in _COMPACT.finditer(text):
        readings = _readings(match[1], match[2], match[3], pivot)
        if readings:
            yield DateForm(match[0], *match.span(), readings)


def _next_numeric(text: str, start: int) -> re.Match[str] | None:
    matches = [m for pattern in (_YEAR_FIRST, _YEAR_LAST) if (m := pattern.search(text, start))]
    return min(matches, key=lambda m: m.start()) if matches else None


def _numeric_form(text: str, match: re.Match[str], previous_end: int, pivot: int) -> DateForm | None:
    a, sep1, b, sep2, c = match.groups()
    digits = sum(ch.isdigit() for ch in a + b + c)
    if not all(re.search(r"\d", group) for group in (a, b, c)) or digits < 0.6 * len(a + b + c):
        return None
    if not _plausible_separators(a, sep1, b, sep2, c):
        return None
    if not _stands_alone(text, match, previous_end, long_year=4 in (len(a), len(c))):
        return None
    readings = _readings(a.translate(_LETTERS), b.translate(_LETTERS), c.translate(_LETTERS), pivot)
    if not readings:
        return None
    repaired = digits < len(a + b + c) or sep1 != sep2 or " " in sep1 + sep2
    return DateForm(match[0], *match.span(), readings, repaired=repaired)


def _plausible_separators(a: str, sep1: str, b: str, sep2: str, c: str) -> bool:
    """Split only where nothing else looks so: "1. 14.62" is a quantity and an amount, 2.1.10 a section."""
    if 4 in (len(a), len(c)):
        return True
    if "." in sep1 + sep2 and len(a) + len(b) == 2:
        return False
    return sep1.strip() == sep2.strip() and (sep1.strip() == "/" or " " not in sep1 + sep2)


def _stands_alone(text: str, match: re.Match[str], previous_end: int, long_year: bool) -> bool:
    """Not a part of a longer identifier or number; the second date of a range may be glued to the first."""
    start, end = match.span()
    before, after = text[max(0, start - 3) : start], text[end : end + 12]
    in_range = previous_end == start - 1 and before[-1] in "-/"
    if not in_range and re.search(r"\d[.,/-]?$|[A-Za-z][/-]$", before):
        return False
    if not long_year and (before[-1:].isalpha() or re.match(r"[A-Za-z]{3}|%", after)):
        return False
    if after[:1] == "-" and _YEAR_LAST.match(after, 1):
        return True
    return not re.match(r"[-/]\w|[.,]\d", after)


_STROKES = re.compile(r"(?<!\w)(\d\d)([1tIl|/])(\d\d)([1tIl|/])(\d\d)(?!\w|[.,]\w)")


def _stroke_dates(text: str, pivot: int, beside_a_date: bool) -> Iterator[DateForm]:
    """06t01120 and 06107/20: strokes read as letters or ones. All digits (06107120) only beside a real date,
    since alone it is as well an identifier."""
    for match in _STROKES.finditer(text):
        a, stroke1, b, stroke2, c = match.groups()
        if stroke1 + stroke2 == "//" or (stroke1 + stroke2 == "11" and not beside_a_date):
            continue
        readings = tuple(r for r in _readings(a, b, c, pivot) if r[0] != "ymd")
        if readings:
            yield DateForm(match[0], *match.span(), readings, repaired=True)


# --- forms with a month's name ----------------------------------------------------------------------------

# One row a month: English, French, German, Spanish, Italian, Malay; folded (no accents, small letters).
_MONTHS = (
    "january jan janvier janv januar janner jaenner enero ene gennaio gen januari",
    "february feb fevrier fevr fev februar febrero febbraio februari",
    "march mar mars marz maerz mrz marzo mac",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag mei",
    "june jun juin juni junio giugno giu",
    "july jul juillet juil juli julio luglio lug julai",
    "august aug aout agosto ago ogos",
    "september sept sep septembre septiembre setiembre settembre sett set",
    "october oct octobre oktober okt octubre ottobre ott",
    "november nov novembre noviembre",
    "december dec decembre dezember dez diciembre dic dicembre disember dis",
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
# Also everyday words ("2 SET 10"): a month only beside a year of four digits.
_EVERYDAY = {"set", "sett", "mag", "ago", "mac", "dis", "gen"}

_M = r"(?P<m>[a-z01]{2,9}[a-z])"
_Y = r"(?P<y>\d{4}(?=\d{1,2}:\d\d|\D|$)|\d{2}(?=\D|$)(?![.,:]\d))"
_DAY = r"(?P<d>[0-9oil]{1,2})"
_TH = r"(?:st|nd|rd|th|er|[.ºª°])?"
_NAMED_PATTERNS: tuple[tuple[Order, re.Pattern[str]], ...] = (
    (
        "dmy",
        re.compile(rf"(?<!\w){_DAY}{_TH}(?P<s>[\s./,-]{{0,2}})(?:de |of )?{_M}[\s./,'’-]{{0,3}}(?:del? |of )?{_Y}"),
    ),
    ("mdy", re.compile(rf"(?<![a-z]){_M}(?P<s>[\s./-]{{0,2}}){_DAY}{_TH}[\s,/'’-]{{1,3}}{_Y}")),
    (
        "ymd",
        re.compile(rf"(?<!\w)(?P<y>\d{{4}})(?P<s>[\s./-]{{1,2}}){_M}[\s./-]{{1,2}}(?P<d>\d{{1,2}})(?!\w)"),
    ),
)


def _named(text: str, pivot: int) -> Iterator[DateForm]:
    folded = _folded(text)
    for order, pattern in _NAMED_PATTERNS:
        position = 0
        while match := pattern.search(folded, position):
            form = _named_form(text, match, order, pivot)
            # Steps by one, for a failed attempt may have begun inside the true one ("18:51 22 May 2018").
            position = match.end() if form else match.start() + 1
            if form:
                yield form


def _named_form(text: str, match: re.Match[str], order: Order, pivot: int) -> DateForm | None:
    name, year, day = match["m"], match["y"], match["d"]
    month = _month(name, mend=bool(match["s"].strip()) or any(c.isdigit() for c in name))
    digits = day.translate(str.maketrans("oil", "011"))
    if month is None or (len(year) == 2 and name in _EVERYDAY and not match["s"].strip()):
        return None
    value = _date(_year(year, pivot), month, int(digits))
    if value is None or not any(c.isdigit() for c in day):
        return None
    repaired = name not in _MONTH_OF or digits != day
    start, end = match.span()
    return DateForm(text[start:end], start, end, ((order, value),), numeric=False, repaired=repaired)


@cache
def _month(name: str, mend: bool) -> int | None:
    """A month's number by its name; with ``mend`` also by a name one letter away, if that is one month."""
    if name in _MONTH_OF or not mend:
        return _MONTH_OF.get(name)
    spelled = name.replace("0", "o")
    if spelled in _MONTH_OF:
        return _MONTH_OF[spelled]
    near = {number for known, number in _MONTH_OF.items() if Levenshtein.distance(name, known, score_cutoff=1) <= 1}
    return near.pop() if len(near) == 1 else None


def _folded(text: str) -> str:
    """Small letters without accents, character for character, so that spans stay true."""
    return "".join(unicodedata.normalize("NFKD", c)[0].lower()[:1] or c for c in text)
