"""A claimed identifier against what OCR read (see :mod:`engine.values.likeness` for the three words)."""

from __future__ import annotations

import re
import unicodedata

from engine.values.identifiers import key_of, same_identifier
from engine.values.likeness import Likeness, look_alike


def identifier_likeness(value: str, printed: str) -> Likeness:
    """An identifier against a whole printed form: separators, spaces and case don't count, every glyph does.

    One glyph that looks like its counterpart is compatible; one lost or added is different.
    """
    if same_identifier(value, printed):
        return "equal"
    claimed, read = _glyphs(value), _glyphs(printed)
    if len(claimed) != len(read):
        return "different"
    pairs = [(a, b) for a, b in zip(claimed, read, strict=True) if a.upper() != b.upper()]
    return "compatible" if len(pairs) == 1 and _alike(*pairs[0]) else "different"


def identifier_in(value: str, text: str) -> tuple[int, int] | None:
    """The characters ``text[start:end]`` of the first whole tokens that are this identifier, None without any.

    A match begins and ends where a token does, so that neither "123456" nor "208416" is found in 1234567 or
    W003-208416. It may run over tokens that OCR split at a hyphen (W003- 208416), or at a space if the value
    has four glyphs or more. An amount (12.50) is not the identifier 1250.
    """
    wanted = key_of(value)
    if not wanted:
        return None
    tokens = [m.span() for m in _TOKEN.finditer(text)]
    for first, (begin, finish) in enumerate(tokens):
        label = _LABEL.match(text, begin, finish)
        for start in (begin, label.end()) if label else (begin,):
            end = _end_of(wanted, text, start, tokens[first:])
            if end is not None and not _goes_on(text, start, end) and not _amount(text[start:end], value):
                return start, end
    return None


_TOKEN = re.compile(r"[^\W_]+(?:[-/._–][^\W_]+)*")
_LABEL = re.compile(r"[^\W\d_]{2,}\.(?=\d)")  # No.12345


def _end_of(wanted: str, text: str, start: int, tokens: list[tuple[int, int]]) -> int | None:
    """Where the tokens from ``start`` on have spelled the wanted key."""
    behind = start
    for begin, end in tokens:
        gap = text[behind:begin] if behind > start else "-"
        if not re.fullmatch(r" *[-/._–] *" if len(wanted) < 4 else r" *[-/._–]? *", gap):
            return None
        read = key_of(text[start:end])
        if read == wanted:
            return end
        if not wanted.startswith(read):
            return None
        behind = end
    return None


def _goes_on(text: str, start: int, end: int) -> bool:
    """A hyphen that hangs at one of two tokens with digits joins them; one between spaces parts them."""
    before, behind = text[:start], text[end:]
    return bool(re.search(r"\d[^\W_]*(?:[-/–] | [-/–])$", before) or re.match(r"(?:[-/–] | [-/–])[^\W\d_]*\d", behind))


def _amount(printed: str, value: str) -> bool:
    return bool(re.fullmatch(r"\d+[.]\d\d", printed)) and "." not in value


def _glyphs(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def _alike(a: str, b: str) -> bool:
    """Look-alikes in either case, for case does not count."""
    return any(look_alike(x, y) for x in (a.lower(), a.upper()) for y in (b.lower(), b.upper()))
