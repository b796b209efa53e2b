"""What a person typed, or OCR read in a box that was drawn, to the value of a leaf, by its type and kind.

Nothing is guessed: what could be two values, or is none of the leaf's type, is told and stays where it was typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.arithmetic import shown
from engine.doctype import DocumentType, Leaf
from engine.errors import UsageError
from engine.pointer import matches
from engine.values.dates import date_order_of, dates_in
from engine.values.numbers import decimal_sign_of, parse_number
from engine.view.document import value_text

LONGEST = 10_000  # characters of a value; a page of print has 5,000
DIGITS = 20  # before the point, as engine/given.py has it: no document prints a longer number that is one
YES, NO = ("yes", "true", "1", "x"), ("no", "false", "0")


@dataclass(frozen=True, slots=True)
class Habits:
    """How this document writes: its decimal sign ("." or ",") and the order of its numeric dates; None where untold."""

    decimal_sign: str | None = None
    date_order: str | None = None


def habits_of(printed: Iterable[str | None]) -> Habits:
    """From the printed texts of a result. What is usual for its type tells nothing of what a person types."""
    texts = [text for text in printed if text]
    return Habits(decimal_sign_of(texts), date_order_of(form for text in texts for form in dates_in(text)))


def leaf_of(path: str, doctype: DocumentType | None) -> Leaf | None:
    return next((leaf for leaf in doctype.leaves if matches(leaf.pointer, path)), None) if doctype else None


def typed_to_value(text: str, leaf: Leaf, habits: Habits) -> Any:
    """The value that *text* writes. Raises UsageError that says what else is wanted."""
    text = text.strip()
    if not text:
        raise UsageError("nothing is typed: type the value, or mark it absent")
    if len(text) > LONGEST:
        raise UsageError(f"this is longer than {LONGEST} characters: type the value alone")
    if leaf.choices:
        return _choice(text, leaf)
    if leaf.type == "boolean":
        return _yes_or_no(text)
    if leaf.type in ("number", "integer"):
        return _number(text, leaf, habits.decimal_sign)
    return _date(text, habits.date_order) if leaf.kind == "date" else text


def entry_text(value: Any, printed: str | None, leaf: Leaf, habits: Habits) -> str | None:
    """A text that is read back as exactly *value*, for who types less than all of it anew: as it is *printed*, else as
    this document would write it; None where there is none, as of a number that a comma makes two of."""
    if value in (None, ()):
        return None
    plain = str(value_text(value))
    written = plain.replace(".", ",") if isinstance(value, Decimal) and habits.decimal_sign == "," else plain
    for text in (printed, written, shown(value)):
        if text and _reads_back(text, value, leaf, habits):
            return text
    return None


def _reads_back(text: str, value: Any, leaf: Leaf, habits: Habits) -> bool:
    try:
        read = typed_to_value(text, leaf, habits)
    except UsageError:
        return False
    return type(read) is type(value) and str(read) == str(value)


def _choice(text: str, leaf: Leaf) -> Any:
    for choice in leaf.choices:
        if shown(choice).casefold() == text.casefold():
            return choice
    raise UsageError(f"{text} is none of its choices: type {' or '.join(map(shown, leaf.choices))}")


def _yes_or_no(text: str) -> bool:
    if text.casefold() in (*YES, *NO):
        return text.casefold() in YES
    raise UsageError(f"{text} is neither yes nor no: type one of these")


def _number(text: str, leaf: Leaf, sign: str | None) -> int | Decimal:
    ways = {way: read for way in (".", ",") if (read := parse_number(text, way)) and not read.repaired}
    values = sorted({read.value for read in ways.values()})
    if not values:
        raise UsageError(f"{text} is no number: type it in figures, such as 1234.50")
    if len(values) > 1 and sign is None:
        told = " or ".join(map(shown, values))
        raise UsageError(f"{text} could be {told}: type it without signs between the thousands, or with two decimals")
    number = ways[sign] if sign and sign in ways else next(iter(ways.values()))
    if number.percent and leaf.kind != "percent":
        raise UsageError(f"{text} is a percentage: type the number alone")
    value = number.value
    if value and value.adjusted() >= DIGITS:
        raise UsageError(f"{text} has too many figures: type the value alone")
    if leaf.type == "integer" and value != int(value):
        raise UsageError(f"{text} is no whole number: type one")
    return int(value) if leaf.type == "integer" or value.as_tuple().exponent == 0 else value


def _date(text: str, order: str | None) -> str:
    forms = dates_in(text)
    if len(forms) != 1 or forms[0].repaired:
        raise UsageError(f"{text} is no date: type it as YYYY-MM-DD")
    if forms[0].unambiguous:
        days = {day for way, day in forms[0].readings if way != "ymd"} or {day for _, day in forms[0].readings}
        return days.pop().isoformat()
    told = forms[0].reading(order)
    if told is None:
        could = sorted({day.isoformat() for _, day in forms[0].readings})
        raise UsageError(f"{text} could be {' or '.join(could)}: type it as YYYY-MM-DD")
    return told.isoformat()
