"""One value against the right one: the same, the same but for its writing, or another. No digit is ever forgiven."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any

from rapidfuzz.distance import Levenshtein

from engine.arithmetic import as_date
from engine.doctype import Leaf
from engine.regress.ran import Outcome
from engine.values.identifiers import key_of

EXACT = Decimal(0)


def outcome_of(expected: Any, found: Any, leaf: Leaf | None = None, tolerance: Decimal = EXACT) -> Outcome:
    """How a found value stands to the right one; ``leaf`` is None where the type has no such place.

    Exact: the same value of the same type, numbers by their value (9 and 9.00). Equal: within the tolerance (of a
    number its difference, of a date days, of a text the share of its letters), or a text that differs in no more than
    case, accents, blanks and punctuation, an identifier in its separators too; of a choice every letter counts.
    """
    if expected is None or found is None:
        return "absent" if expected is found else "missing" if found is None else "invented"
    if _type(expected) != _type(found):
        return "wrong"
    if expected == found:
        return "exact"
    if key(expected, leaf) == key(found, leaf) or _within(expected, found, tolerance):
        return "equal"
    return "wrong"


def key(value: Any, leaf: Leaf | None) -> Hashable:
    """What all writings of a value share, and no other value has."""
    if not isinstance(value, str):
        return (_type(value), value)
    if as_date(value) is not None or (leaf is not None and leaf.choices):
        return value
    if leaf is not None and leaf.kind == "identifier":
        return ("identifier", key_of(value)) if key_of(value) else value
    return written(value) or value


def keys_near(value: Any, leaf: Leaf | None, tolerance: Decimal, *, around: bool) -> tuple[Hashable, ...]:
    """The value's key, then keys of which two values within the tolerance share one (and some others do too), if they
    are taken ``around`` one of the two."""
    own = key(value, leaf)
    if not tolerance:
        return (own,)
    if (amount := _amount(value)) is not None:
        cell = floor(Fraction(amount) / Fraction(tolerance))
        return (own, *((_type(value), "near", c) for c in (range(cell - 1, cell + 2) if around else (cell,))))
    return (own, ("near", _figures(written(value)))) if isinstance(value, str) else (own,)


def _type(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", Decimal: "number"}
    return kinds.get(type(value), type(value).__name__)


def _amount(value: Any) -> Decimal | None:
    """A number, or a date as its day."""
    if isinstance(value, str):
        day = as_date(value)
        return None if day is None else Decimal(day.toordinal())
    return Decimal(value) if _type(value) == "number" else None


def _within(expected: Any, found: Any, tolerance: Decimal) -> bool:
    if not tolerance:
        return False
    right, other = _amount(expected), _amount(found)
    if right is not None and other is not None:
        return abs(right - other) <= tolerance
    if not isinstance(expected, str) or right is not other:
        return False
    letters, read = written(expected), written(found)
    if _figures(letters) != _figures(read):
        return False
    allowed = int(tolerance * len(letters))
    return Levenshtein.distance(letters, read, score_cutoff=allowed) <= allowed


# ---------------------------------------------------------------- texts

_NUMERALS = r"\d+(?:[.,]\d+)*"
_PART = re.compile(
    rf"(?:(?<![^\W_])(?:[-−][.,]?|[.,]))?{_NUMERALS}|\D"
)  # a minus or point in front is part of a figure
_FIGURE = re.compile(rf"-?[.,]?{_NUMERALS}")


@lru_cache(maxsize=1 << 14)
def written(text: str) -> str:
    """A text without case, accents, blanks and punctuation. Figures stay apart, with their points, commas and minus;
    signs that mean something (%, currencies, +, ticks) stay too."""
    plain = "".join(map(_plain, text)).casefold().replace("&", "and")
    made: list[str] = []
    for part in _PART.finditer(plain):
        if part[0][-1].isdigit():
            made.append(f" {part[0].replace('−', '-')} ")
        elif _counts(part[0]):
            made.append(part[0])
    return re.sub(r" +", " ", "".join(made)).strip()


def _plain(char: str) -> str:
    """A letter without its accents; figures that are no plain digits (½, ²) stay what they are."""
    if char.isnumeric() and not char.isdecimal():
        return char
    return "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))


def _counts(char: str) -> bool:
    category = unicodedata.category(char)
    return char == "%" or (category[0] in "LNMS" and category != "Sk" and char not in "|~®©")


def _figures(letters: str) -> tuple[str, ...]:
    return tuple(_FIGURE.findall(letters))
