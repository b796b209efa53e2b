"""A claimed date against a printed form that OCR read (see :mod:`engine.values.likeness` for the three words)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from engine.values.dates import DateForm, dates_in
from engine.values.likeness import SURE_LETTERS, Likeness, digits_like


def date_likeness(iso: str, printed: str, order: str | None, default: str | None) -> Likeness:
    """A date (YYYY-MM-DD) against a form that holds one date. A time behind it that is not printed is compatible.

    ``order`` (dmy, mdy, ymd) is what the document's other dates tell, ``default`` what is usual for its type.
    Where one of them decides, the date with day and month swapped is different; where none does, each reading
    is compatible and none is equal. The century of a two-digit year is the module's (``PIVOT``); the other one
    is compatible. Several dates in the form: at most compatible.
    """
    claim = _claimed(iso)
    if claim is None:
        return "different"
    forms = dates_in(printed)
    found = {_against(form, claim, order, default) for form in forms}
    if found == {"equal"} and len(forms) == 1:
        return "equal" if _as_printed(forms[0]) and _time_printed(iso, printed) else "compatible"
    if found & {"equal", "compatible"}:
        return "compatible"
    if any(_same(claim, day, century=True) for form in forms for _, day in form.readings):
        return "different"  # the swapped one
    neighbours = (form for fault in _faults(printed) for form in dates_in(fault))
    near = any(_against(form, claim, order, default) != "different" for form in neighbours)
    return "compatible" if near and len(forms) <= 1 else "different"


def _claimed(iso: str) -> date | None:
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", iso.strip())
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


_TIME = re.compile(r"(?<!\d)(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?!\d)\s*([ap]\.?m\b)?", re.IGNORECASE)


def _time_printed(iso: str, printed: str) -> bool:
    """Is the time of a claim, if it has one, printed too? Its zone does not count; seconds do if both have them."""
    claimed = iso.strip()[10:].lstrip("T ")
    if not claimed:
        return True
    wanted = _TIME.match(claimed)
    return wanted is not None and any(_same_time(wanted, seen) for seen in _TIME.finditer(printed))


def _same_time(claimed: re.Match[str], seen: re.Match[str]) -> bool:
    hour = int(seen[1]) % 12 + 12 * (seen[4][0] in "pP") if seen[4] else int(seen[1])
    seconds = {claimed[3] or "00", seen[3] or claimed[3] or "00"}
    return (int(claimed[1]), claimed[2]) == (hour, seen[2]) and hour < 24 and claimed[2] < "60" and len(seconds) == 1


def _against(form: DateForm, claim: date, order: str | None, default: str | None) -> Likeness:
    other_century = not re.search(r"\d{4}", form.printed.translate(SURE_LETTERS))
    settled = _settled(form, order, default)
    if settled is None:
        return "compatible" if any(_same(claim, d, other_century) for _, d in form.readings) else "different"
    if claim == settled:
        return "equal"
    year_in_front = order is None and default is None and claim == form.reading("ymd")  # rare, but nobody tells
    return "compatible" if year_in_front or _same(claim, settled, other_century) else "different"


def _settled(form: DateForm, order: str | None, default: str | None) -> date | None:
    """The date that is meant; None where nobody tells, and where a year is told in front that hardly ever is."""
    told = form.reading(order) or form.reading(default)
    if not form.unambiguous:
        return told
    likely = next((day for o, day in form.readings if o != "ymd"), form.readings[0][1])
    return likely if "ymd" not in (order, default) or form.reading("ymd") in (None, likely) else None


def _same(a: date, b: date, century: bool) -> bool:
    """Equal, or with ``century`` equal but for the century."""
    return a == b or (century and (a.year % 100, a.month, a.day) == (b.year % 100, b.month, b.day))


def _as_printed(form: DateForm) -> bool:
    """Nothing was mended but spaces at the strokes and letters that can be one digit only.

    A first l or I may be the rule of a table; a mended name of a month is trusted from five letters on.
    """
    if form.printed[:1] in ("l", "I"):
        return False
    if not form.repaired:
        return True
    name = re.search(r"[^\W\d_]{5,}", form.printed)
    closed = re.sub(r" ?([/.-]) ?", r"\1", form.printed)
    spelled = re.sub(r"(?<![A-Za-z])[\dOolISB]+(?![A-Za-z])", lambda m: m[0].translate(SURE_LETTERS), closed)
    again = dates_in(spelled)
    return bool(not form.numeric and name) or (len(again) == 1 and not again[0].repaired)


def _faults(printed: str) -> Iterator[str]:
    """Every form that one misread glyph, or a stroke lost or read as a one, may have turned into this one."""
    for i, c in enumerate(printed):
        before, after = printed[:i], printed[i + 1 :]
        for digit in digits_like(c):
            yield before + digit + after
        if c in "1lI|7t":
            yield f"{before}/{after}"
        if c.isdigit() and before[-1:].isdigit():
            yield f"{before}/{c}{after}"
