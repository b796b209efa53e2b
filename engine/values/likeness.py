"""A claimed value against a printed form that OCR read: equal, compatible or different, never a percentage.

``equal``: the form means this value as it stands, in one of the ways a form of its locale can be meant.
``compatible``: it could be this value seen through one fault of OCR, or the form does not tell which value it
means; so it neither confirms nor accuses. ``different``: neither. A form that is no number, date or identifier
at all is different from every value: whether something can be read there is to be asked first.

One fault is one of: a point or comma lost, invented or taken for the other; one glyph taken for one that looks
like it (:data:`LOOK_ALIKES`); a space within the form; a thin mark beside it (minus, bracket, the rule of a
table, a $ read as a digit). A lost or added digit is no such fault. The faults are made one at a time, and the
grammar of :mod:`engine.values.numbers` and :mod:`engine.values.dates` is asked what the mended form means: a
form is compatible with the values that its neighbours mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

from engine.values.numbers import Number, numbers_in, parse_number

Likeness = Literal["equal", "compatible", "different"]

LOOK_ALIKES = ("0OoDQ", "1lI|7i", "5Ss", "8B3", "60bG", "2Z", "4A", "9g")
"""Glyphs that OCR takes for one another: any two of one row."""

SURE_LETTERS = str.maketrans("OolISB", "001158")
"""Letters that within a number can only stand for this digit."""


@cache
def look_alike(a: str, b: str) -> bool:
    """Whether OCR may take one of two different glyphs for the other."""
    return a != b and any(a in row and b in row for row in LOOK_ALIKES)


@cache
def digits_like(glyph: str) -> str:
    """The other digits that a glyph may have been on paper."""
    return "".join(digit for digit in "0123456789" if look_alike(glyph, digit))


def number_likeness(value: Decimal, printed: str, decimal_sign: str | None) -> Likeness:
    """A number against a form that holds one number, its currency and sign around it.

    ``decimal_sign`` ("." or ",") is the document's and decides what "1,234" and "1.234" mean; without one the
    English reading is meant, and the other one is compatible. Trailing zeros don't count, the sign does: a
    printed minus is no fault, but one that is claimed and not printed may be lost. DR and CR tell a side that is
    not always a sign. "6%" means 6; the share 0.06 is compatible. Written scales (1.5k, 3 million) are not
    guessed and differ from every value.
    """
    if not value.is_finite():
        return "different"
    form = _with_cents(printed.strip(), decimal_sign or ".")
    meant = _meant(form, decimal_sign)
    if meant is not None:
        if meant.value == value:
            return "equal" if meant.sure else "compatible"
        if meant.value == -value and (value < 0 or meant.sign_in_doubt):
            return "compatible"
        if meant.percent and meant.value == 100 * value:
            return "compatible"
    if not _nearly_its_digits(value, form):
        return "different"
    neighbours = (_meant(fault, decimal_sign) for fault in _faults(form))
    return "compatible" if any(n and n.sure and n.value == value for n in neighbours) else "different"


# --- what a form means ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Meaning:
    """``sure``: as printed, with nothing mended but spaces at a sign and letters that can be one digit only.

    ``sign_in_doubt``: the minus may be a dash before the number, or DR and CR stand for it.
    """

    value: Decimal
    sure: bool
    sign_in_doubt: bool
    percent: bool


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_CENTS = re.compile(r"(?<=\d)[⁰¹²³⁴⁵⁶⁷⁸⁹]{2}(?![⁰¹²³⁴⁵⁶⁷⁸⁹\d])")
_SCALE = re.compile(
    r"(?<![^\W\d])(?:[kK]|mn|mio|mill(?:ion(?:s|en)?)?|[btr]{1,2}illions?|bn|mrd|mld|milliard(?:s|en)?|thousands?"
    r"|tsd|mille|lakhs?|lacs?|crores?|(?-i:M)(?=\W*$))(?![^\W\d])",
    re.IGNORECASE,
)


def _with_cents(form: str, sign: str) -> str:
    """Small raised cents (12⁵⁰) as decimals."""
    return _CENTS.sub(lambda m: sign + m[0].translate(_SUPERSCRIPTS), form)


def _meant(form: str, decimal_sign: str | None) -> _Meaning | None:
    number = parse_number(form, decimal_sign) or _only_number(form, decimal_sign)
    if number is None:
        return None
    before, after = form[: number.start], form[number.end :]
    if _SCALE.search(after) and not (number.decimals == 2 and after.strip() == "M"):  # a tax flag
        return None
    return _Meaning(
        value=number.value,
        sure=not _touched(number, before) and not _stray_mark(before, after) and _as_printed(number, decimal_sign),
        sign_in_doubt=bool(re.match(r"[-−–] |.*[CD]R$", number.printed, re.IGNORECASE)),
        percent=number.percent,
    )


def _only_number(form: str, decimal_sign: str | None) -> Number | None:
    """The one number among words (a misread currency, a unit): "EVR 12.50", "5 pcs"."""
    found = numbers_in(form, decimal_sign)
    if len(found) != 1 or any(c.isdigit() for c in form[: found[0].start] + form[found[0].end :]):
        return None
    return found[0]


def _touched(number: Number, before: str) -> bool:
    """A glyph in front that may be the first digit or none: S9.00 is $9.00 or 59.00, l2.50 may begin with a rule."""
    if re.search(r"(?:^|[^A-Za-z])[lI](?=[\d.,OolISB])", number.printed):
        return True
    touching = before[-1:]
    return touching.isalpha() and (number.decimals != 2 or bool(digits_like(touching)))


def _stray_mark(before: str, after: str) -> bool:
    """Half a pair of brackets, or a dash that the grammar gave no sense: perhaps the rest of a minus.

    A dash for cents (45.-) is none, and a whole pair of brackets that is no minus neither (a percentage).
    """
    front, back = before.rstrip(" .,:;'")[-1:], after.lstrip()[:1]
    return (front, back) != ("(", ")") and (front in ("(", "-", "−", "–") or back in (")", "-", "−", "–"))


def _as_printed(number: Number, decimal_sign: str | None) -> bool:
    """Nothing was mended but spaces beside a sign and sure letters beside digits."""
    if not number.repaired:
        return True
    closed = re.sub(r"(?<=[\dOolISB]) ?([.,']) ?(?=[\dOolISB])", r"\1", number.printed)
    spelled = re.sub(
        r"(?<![A-Za-z])[OolISB]+(?=[\d.,])|(?<=[\d.,])[OolISB]+", lambda m: m[0].translate(SURE_LETTERS), closed
    )
    again = parse_number(spelled, decimal_sign)
    return again is not None and not again.repaired and again.value == number.value


# --- its neighbours ---------------------------------------------------------------------------------------


def _nearly_its_digits(value: Decimal, form: str) -> bool:
    """A cheap look before all faults are made: but for zeros at the ends, one fault and letters, equal digits."""
    printed = "".join(c for c in form if c.isdigit())
    claimed = "".join(map(str, value.as_tuple().digits)).strip("0")
    allowed = 1 + sum(1 for c in form if not c.isdigit() and digits_like(c))
    padded = ("0" * zeros + claimed.ljust(len(printed) - zeros, "0") for zeros in range(3))
    return any(Levenshtein.distance(digits, printed, score_cutoff=allowed) <= allowed for digits in padded)


_SIGN_LIKE = ".,:;'·"


def _faults(form: str) -> Iterator[str]:
    """Every form that one fault of OCR may have turned into this one."""
    for i, c in enumerate(form):
        before, after = form[:i], form[i + 1 :]
        if c in _SIGN_LIKE or c == " ":
            yield from (f"{before}{sign}{after}" for sign in ".," if sign != c)
        if c == " " or (c in _SIGN_LIKE and not re.search(r"(?<![\d.,])0+$", before)):  # nobody prints 050
            yield before + after
        for digit in digits_like(c):
            yield before + digit + after
        if c.isdigit() and _point_may_be_lost(form, i):
            yield from (f"{before}{sign}{c}{after}" for sign in ".,")
    yield from _without_mark_in_front(form)


def _point_may_be_lost(form: str, i: int) -> bool:
    """Before the digit ``i``: within its digits, or before two that stand alone (.50).

    90 is not 9.0, which hardly anybody prints: so a dropped last digit would pass.
    """
    if form[i - 1 : i].isdigit():
        return form[i:] != "0" and not re.match(r"0\D", form[i:])
    return bool(re.match(r"\d\d(?![\d.,])", form[i:])) and not re.search(r"\d", form[:i])


def _without_mark_in_front(form: str) -> Iterator[str]:
    """A rule read as l or I, and a $ read as S, 5 or 8 where no currency stands."""
    if re.match(r"(?:[lI]|[S58](?=[\d.,]*[.,]\d\d$))\d", form):
        yield form[1:]
