"""Identifiers in a line of text: invoice, contract, account numbers; any token that holds a digit.

Which of them is *the* invoice number is for labels and places to say. Left out is what is certainly
something else: dates, times, percentages, numbers with decimals or a currency. A phone number is given, and
marked.

A token ends at a space, except behind a hyphen where OCR split it (W003- 208416). "518206 / 4" is two.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from engine.values.dates import dates_in
from engine.values.numbers import numbers_in, phones_in, times_in


@dataclass(frozen=True, slots=True)
class Identifier:
    """A token as printed: ``printed == text[start:end]``. ``key`` is what all its printings share."""

    printed: str
    start: int
    end: int
    key: str
    phone: bool = False


# A space behind a hyphen only between digits: "CS- 00031" and "W003- 208416", not "GST 6- SR1".
_TOKEN = re.compile(r"[^\W_]+(?:(?:[-/._–]|(?<=\d)-\ (?=\d{3}))[^\W_]+)*")


def identifiers_in(text: str) -> tuple[Identifier, ...]:
    """Every token with a digit that may be an identifier, left to right."""
    other = _other_values(text)
    phones = phones_in(text)
    return tuple(
        Identifier(m[0], *m.span(), key_of(m[0]), phone=_touches(m.span(), phones))
        for m in _TOKEN.finditer(text)
        if any(c.isdecimal() for c in m[0]) and not _touches(m.span(), other)
    )


def same_identifier(a: str, b: str) -> bool:
    """Equal letters and digits; case, spaces and punctuation don't count, no digit is forgiven."""
    return key_of(a) == key_of(b) != ""


def key_of(printed: str) -> str:
    """Capital letters and digits only."""
    return "".join(c for c in unicodedata.normalize("NFKC", printed).upper() if c.isalnum())


Span = tuple[int, int]


def _other_values(text: str) -> tuple[Span, ...]:
    dates = tuple((d.start, d.end) for d in dates_in(text))
    amounts = tuple((n.start, n.end) for n in numbers_in(text) if n.decimals or n.sign_printed or n.percent)
    return dates + amounts + times_in(text)


def _touches(span: Span, others: tuple[Span, ...]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
