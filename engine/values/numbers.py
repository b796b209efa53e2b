"""Numbers in a line of text: amounts, quantities, percentages, as exact decimals with their spans.

The grammar: 1,234.56  1.234,56  1 234,56  1'234.56  12,34,567.89 (Indian), with a currency before or
behind, with a sign (-12.50, −12.50, 12.50-, (12.50), RM-5.00), with a percent sign. One sign followed by
three digits is ambiguous: the document's decimal sign decides (:func:`decimal_sign_of`); without it "1,234"
is a thousand and "1.234" has decimals, since that is the English custom and a wrong thousand is the larger
error in quantities and rates. "1.234.567" has only one reading, and a form with both signs (1.234,56) tells
itself.

DR and CR are signs as on a bank statement: DR is negative, CR positive. On an invoice a credit may mean the
opposite; ``printed`` keeps the letters for those who know better.

OCR's habits are mended and marked ``repaired``: split tokens (80. 90, 1 ,234. 56), letters for digits in
what is otherwise clearly an amount (8O.9O), a comma for the point (47,30 in a document with points;
6,420,00). Numbers stay apart at a space ("3 12.50") unless the form needs it: "1 234,56" is one number
where the decimal sign may be a comma, "1 234.56" only behind a currency. Columns should be parted by two
spaces, then they never merge.

Not numbers here, being no amounts: dates, times, phone numbers, digits within identifiers (A123-45, GST6%,
35-64, 1/2, #42, 500ML, 1.5k), integers with a leading zero or of more than nine digits. Letters touching an
amount of two decimals are noise or tax flags (S80.90, 80.90T) and not counted to it, except units (1.50L).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from engine.values.dates import dates_in


@dataclass(frozen=True, slots=True)
class Number:
    """A number as printed: ``printed == text[start:end]``, with its sign, currency and percent sign.

    ``value`` of a percentage is the printed figure (6 for 6%). ``currency`` is the ISO code where the
    printed sign (``sign_printed``) means one currency only: None for $, ¥, kr. ``decimals`` counts the
    digits after the decimal sign. ``repaired``: the digits are not literally what was read.
    """

    value: Decimal
    printed: str
    start: int
    end: int
    currency: str | None = None
    sign_printed: str | None = None
    decimals: int = 0
    percent: bool = False
    repaired: bool = False


def numbers_in(text: str, decimal_sign: str | None = None) -> tuple[Number, ...]:
    """Every amount, quantity or percentage in a line, left to right. ``decimal_sign`` is "." or ","."""
    masked = _not_amounts(text)
    return tuple(
        number
        for number in _scan(text, decimal_sign, whole=False)
        if _free(text, number) and not any(number.start < end and start < number.end for start, end in masked)
    )


def parse_number(text: str, decimal_sign: str | None = None) -> Number | None:
    """The number a whole printed form is (a cell, a field's value), None where it is none or more than one.

    Being told that it is one number, it also takes "1 234.56", "0042" and "20181225". Noise of punctuation
    and up to two letters may stand around it.
    """
    found = list(_scan(text, decimal_sign, whole=True))
    if len(found) != 1:
        return None
    rest = text[: found[0].start] + text[found[0].end :]
    clean = not any(c.isdigit() for c in rest) and ":" not in rest.strip(": ") and sum(map(str.isalpha, rest)) <= 2
    return found[0] if clean and _flag_only(text, found[0]) else None


def decimal_sign_of(texts: Iterable[str]) -> str | None:
    """The decimal sign of a document by the majority of the forms that tell; None without one."""
    votes = Counter(
        sign for text in texts for number in numbers_in(text) if (sign := _telling_sign(number)) is not None
    )
    points, commas = votes["."], votes[","]
    return None if points == commas else "." if points > commas else ","


# --- the digits -------------------------------------------------------------------------------------------

_LETTERS = str.maketrans("OolISB", "001158")
_THIN = "\u00a0\u2009\u202f"

_CODES = """
    USD EUR GBP MYR SGD AUD CAD NZD HKD TWD JPY CNY INR IDR THB PHP VND KRW CHF SEK NOK DKK PLN CZK HUF RON
    BGN ZAR BRL MXN AED SAR ILS RUB PKR LKR BDT NGN KES EGP CLP COP ARS
"""
_SIGNS = """
    US$ USD  A$ AUD  C$ CAD  S$ SGD  HK$ HKD  NZ$ NZD  NT$ TWD  R$ BRL  € EUR  EURO EUR  Euro EUR  £ GBP
    ₹ INR  ₩ KRW  ฿ THB  ₫ VND  ₱ PHP  ₺ TRY  ₪ ILS  ₽ RUB  RM MYR  Rp IDR  zł PLN  Kč CZK
"""
_SHARED_SIGNS = ("$", "¥", "kr", "Kr", "Rs", "Rs.", "Fr.")

_CURRENCIES: dict[str, str | None] = dict.fromkeys(_SHARED_SIGNS)
_CURRENCIES.update((code, code) for code in _CODES.split())
_CURRENCIES.update(zip(_SIGNS.split()[::2], _SIGNS.split()[1::2], strict=True))
CURRENCY_CODES = frozenset(_CODES.split())
_BY_LENGTH = sorted(_CURRENCIES, key=len, reverse=True)
_CURRENCY = "|".join(("(?<![A-Za-z])" if c[0].isalpha() else "") + re.escape(c) for c in _BY_LENGTH)
_AFTER_CURRENCY = "(?=[0-9OolI])(?:" + "|".join(f"(?<={re.escape(c)})|(?<={re.escape(c)}\\ )" for c in _BY_LENGTH) + ")"

# "1 ,234. 56": groups and decimals, with spaces beside the signs.
_GROUPED = r"\d{1,3}\ ?(?P<g>[.,'])\ ?\d{3}(?:\ ?(?P=g)\ ?\d{3})*\ ?(?!(?P=g))[.,]\ ?\d{2}(?![.,]?\d)"
_SPLIT_POINT = r"\d+\ ?\.\ ?\d{2}(?![.,]?\d)"
_SPLIT_COMMA = r"\d+\ ?,\ ?\d{2}(?!\ ?[.,]?\d)"
_SPACED = r"(?<![\d.,])\d{1,3}(?:\ \d{3})+"
_LETTERED = (
    rf"(?:(?<![0-9A-Za-z.,])|{_AFTER_CURRENCY})(?=[0-9,]*(?:\ ?[.,]\ ?[0-9]?)?[OolISB])"
    r"[0-9OolI][0-9OolISB]{0,6}(?:,[0-9OolISB]{3})*\ ?[.,]\ ?[0-9OolISB]{2}(?![0-9A-Za-z])"
)
_PLAIN = rf"\d+(?:[.,'’{_THIN}]\d+)*|(?<![\w.,])[.,]\d\d(?!\d)"


@cache
def _body(decimal_sign: str | None, whole: bool) -> re.Pattern[str]:
    """The pattern of a number's digits. A ``whole`` form and a document with commas allow more."""
    comma = whole or decimal_sign == ","
    parts = (
        _LETTERED,
        rf"{_SPACED}(?:[.,]\d+)?(?!\d)" if whole else rf"{_AFTER_CURRENCY}{_SPACED}[.,]\d\d(?!\d)",
        rf"{_SPACED},\d\d?(?!\d)" if decimal_sign != "." else None,
        _GROUPED,
        _SPLIT_POINT,
        _SPLIT_COMMA if comma else rf"{_AFTER_CURRENCY}{_SPLIT_COMMA}",
        _PLAIN,
    )
    return re.compile("|".join(f"(?:{part})" for part in parts if part))


def _scan(text: str, decimal_sign: str | None, whole: bool) -> Iterator[Number]:
    """Numbers with their dress, whatever they touch."""
    taken = 0
    for match in _body(decimal_sign, whole).finditer(text):
        read = _read_digits(match[0], decimal_sign)
        if read is not None:
            number = _dressed(match, taken, read)
            taken = number.end
            yield number


class _Digits(NamedTuple):
    value: Decimal
    decimals: int
    repaired: bool


def _read_digits(body: str, decimal_sign: str | None) -> _Digits | None:
    """The value of a number's digits and signs; None where the form is malformed."""
    clean = re.sub(r"\ ?([.,'])\ ?", r"\1", body).translate(_LETTERS)
    if any(c.isalpha() for c in body) and not _clearly_an_amount(body, clean):
        return None
    groups = re.split(r"\D", clean)
    places = _places(groups, [c for c in clean if not c.isdigit()], decimal_sign)
    if places is None:
        return None
    decimals, mended = places
    digits = "".join(groups)
    whole = digits[: len(digits) - decimals] or "0"
    value = Decimal(f"{whole}.{digits[len(digits) - decimals :]}" if decimals else whole)
    return _Digits(value, decimals, mended or clean != body)


def _clearly_an_amount(body: str, clean: str) -> bool:
    """At least half of it digits as read, and no zero in front that a letter would have brought."""
    digits = sum(c.isdigit() for c in body)
    return 2 * digits >= sum(c.isdigit() for c in clean) and not re.match(r"0\d", clean)


def _places(groups: list[str], signs: list[str], decimal_sign: str | None) -> tuple[int, bool] | None:
    """How many of the last digits are decimals, and whether the form needed mending; None if malformed."""
    if not signs:
        return 0, False
    if len(signs) == 1:
        return _places_of_one_sign(groups, signs[0], decimal_sign)
    *grouping, last = signs
    tail = len(groups[-1])
    if set(grouping) == {last}:
        if _grouped(groups):
            return 0, False
        # 6,420,00 can only be 6,420.00
        return (2, True) if last in ".," and tail == 2 and _grouped(groups[:-1]) else None
    if len(set(grouping)) > 1 or last not in ".,":
        return None
    # 1234,567.89: a lost group sign
    lost = not _grouped(groups[:-1])
    return None if lost and {len(g) for g in groups[1:-1]} != {3} else (tail, lost)


def _places_of_one_sign(groups: list[str], sign: str, decimal_sign: str | None) -> tuple[int, bool] | None:
    thousands = _grouped(groups)
    if sign not in ".,":
        return (0, False) if thousands else None
    if not thousands:
        return len(groups[1]), decimal_sign not in (None, sign)
    return (3 if sign == (decimal_sign or ".") else 0), False


def _grouped(groups: list[str]) -> bool:
    """Groups of three behind one of one to three, or the Indian 12,34,567."""
    first, *rest = groups
    if not rest:
        return 1 <= len(first) <= 3
    if not 1 <= len(first) <= 3 or first[0] == "0" or len(rest[-1]) != 3:
        return False
    lengths = {len(g) for g in rest[:-1]}
    return lengths <= {3} or (lengths == {2} and len(first) <= 2)


def _telling_sign(number: Number) -> str | None:
    """The decimal sign a form proves: two decimals, both signs, or a repeated group sign."""
    body = re.sub(r"^\D+|\D+$", "", number.printed)
    signs = [c for c in body if c in ".,"]
    if number.repaired or not signs:
        return None
    if number.decimals and (number.decimals == 2 or len(set(signs)) == 2):
        return signs[-1]
    if len(signs) > 1 and not number.decimals:
        return "," if signs[0] == "." else "."
    return None


# --- the dress: sign, currency, percent -------------------------------------------------------------------

_MINUS = r"[-−–]"
_LEFT = re.compile(
    rf"(?P<open>\(\ ?)?(?P<minus>(?<![\w)\-]){_MINUS}|^\s*{_MINUS}\ )?(?:(?P<currency>{_CURRENCY})\ ?)?"
    rf"(?P<open2>\()?(?P<minus2>(?:(?<![\w)\-])|(?<=[A-Z])){_MINUS})?$"
)
# A currency behind a number is the next number's if one follows.
_BEHIND = rf"(?:{_CURRENCY})(?![A-Za-z]|\ ?[(−–-]*\ ?[\d.])"
_RIGHT = re.compile(
    rf"(?P<percent>\ ?%)?(?:\ ?(?P<currency>{_BEHIND}))?(?P<minus>{_MINUS}(?![\w-]))?(?P<close>\ ?\))?"
    rf"(?:\ ?(?P<currency2>{_BEHIND}))?(?P<side>\ ?(?:CR|DR|Cr|Dr)\b)?"
)


def _dressed(body: re.Match[str], taken: int, digits: _Digits) -> Number:
    """A number with the marks around its digits; those before ``taken`` are another's."""
    text = body.string
    left, right = (
        _LEFT.search(text, max(taken, body.start() - 16), body.start()),
        _RIGHT.match(text, body.end()),
    )
    if left is None or right is None:
        raise AssertionError("both patterns match the empty string")
    sign = left["currency"] or right["currency"] or right["currency2"]
    amount = bool(sign) or not body[0].isdigit()
    alone = not (text[: left.start()] + text[right.end() :]).strip()
    enclosed = bool((left["open"] or left["open2"]) and right["close"]) and not right["percent"]
    in_brackets = enclosed and (amount or alone)
    behind = bool(right["minus"]) and amount
    debit = bool(right["side"]) and right["side"].strip().upper() == "DR"
    negative = bool(left["minus"] or left["minus2"]) or behind or in_brackets or debit
    begin, finish = _start_of_dress(left, in_brackets), _end_of_dress(right, in_brackets, behind)
    return Number(
        value=digits.value.copy_negate() if negative and digits.value else digits.value,
        printed=text[begin:finish],
        start=begin,
        end=finish,
        currency=_CURRENCIES[sign] if sign else None,
        sign_printed=sign,
        decimals=digits.decimals,
        percent=bool(right["percent"]),
        repaired=digits.repaired,
    )


def _start_of_dress(left: re.Match[str], in_brackets: bool) -> int:
    """Where the number's own marks begin: a bracket that means nothing is left out, and white space."""
    start = left.end("open") if left["open"] and not in_brackets else left.start()
    marks = left.string[start : left.end()]
    return start + len(marks) - len(marks.lstrip())


def _end_of_dress(right: re.Match[str], in_brackets: bool, behind: bool) -> int:
    """Where the number's own marks end: a bracket or dash that means nothing is left out."""
    if right["minus"] and not behind:
        return right.start("minus")
    if right["close"] and not in_brackets:
        return right.start("close")
    return right.end()


# --- what is no amount ------------------------------------------------------------------------------------

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?![.,]\d)"
_PHONE = (
    r"(?<![\w.,])(?:\+\d[\d\ ()-]{6,}\d|\(\d{2,4}\)\ ?\d{3,4}[\ -]?\d{3,5}"
    r"|0\d{1,3}\ ?-\ ?\d{3,4}[\ -]?\d{3,5}|\d{1,4}-\d{3,4}[\ -]\d{3,5})(?![.,]?\d)"
)
_NO_AMOUNT = re.compile(f"{_TIME}|{_PHONE}")
_UNITS = {"L", "ML", "KG", "GM", "MG", "MM", "CM", "M", "KM", "OZ", "LB", "CC", "FT", "K", "W", "V", "HP"}


def phones_in(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of what is written like a phone number."""
    return tuple(m.span() for m in re.finditer(_PHONE, text))


def times_in(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of times of day."""
    return tuple(m.span() for m in re.finditer(_TIME, text))


def _not_amounts(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in _NO_AMOUNT.finditer(text)] + [(d.start, d.end) for d in dates_in(text)]


def _free(text: str, number: Number) -> bool:
    """Whether a number stands by itself, or is so clearly an amount that what touches it is noise."""
    if number.decimals == 2:
        return _flag_only(text, number)
    if _identifier_like(number.printed):
        return False
    if number.sign_printed and not number.percent:
        return _flag_only(text, number)
    before, after = text[max(0, number.start - 3) : number.start], text[number.end : number.end + 2]
    if re.search(r"(?:[\w)\-][-/]|#|_|\d:|[^\W\dxX]|[^\W\d]{2})$", before):
        return False
    return not re.match(r"(?![xX](?![A-Za-z]))\w|[-/_]\S|[.:'’]\w|[\"”]", after)


def _identifier_like(printed: str) -> bool:
    """Long or zero-led integers, and letters that are a currency by chance (SAR-12345)."""
    return bool(re.fullmatch(r"\D*(?:0\d+|\d{10,})\D*|[A-Za-z]+-\d+", printed))


def _flag_only(text: str, number: Number) -> bool:
    """At most a short flag behind the number (80.90T), and no unit (1.50L, 1.5k)."""
    letters = re.match(r"[A-Za-z]*", text[number.end :])
    behind = letters[0] if letters else ""
    if behind in ("x", "X") or not behind or text[number.end - 1].isalpha():
        return True
    return number.decimals == 2 and len(behind) <= 2 and behind.upper() not in _UNITS
