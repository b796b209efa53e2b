"""What became of a claimed word as it is printed: read, misread by a glyph that OCR confuses, or another word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.values.letter_pairs import paired
from engine.values.lettering import has_digit
from engine.values.likeness import look_alike

CONFUSED = ("iltfj", "ce", "co", "hbn", "unv", "vy", "pq", "gq")
"""Letters that OCR takes for one another, besides those that look like digits: any two of one row. No vowel is
taken for another here, for Anderson and Andersen are two names."""

_JOINED = (("rn", "m"), ("cl", "d"), ("vv", "w"))  # two letters read as one
_VOWELS = "aeiou"

Fate = Literal["read", "poor", "doubtful", "lost", "another"]


def fate(word: str, printed: str, exact: bool) -> Fate:
    """``word`` and ``printed`` are small letters and digits; digits that differ are ruled out before.

    Read: of a word of four letters or more a letter in six is another that OCR takes for it, or in any word one looks
    like it. Poor: up to a third of such letters. Doubtful: up to a third of any letters, in a word below four letters
    only a confused letter or another vowel. Lost: nothing of it is there. ``exact`` forgives nothing.
    """
    if word == printed:
        return "read"
    if exact or not printed:
        return "another" if len(printed) > 1 else "lost"
    if has_digit(word):  # all digits are right by now, or letters like them
        return "poor"
    return _misread(word, printed)


def _misread(word: str, printed: str) -> Fate:
    long = len(word) >= 4
    ours, theirs = (_joined(word), _joined(printed)) if long else (word, printed)
    edits = list(_edits(ours, theirs))
    errors = len(edits) - min(1, sum(_look_alike(*edit) for edit in edits))
    confused = all(_look_alike(*edit) or _confused(*edit) for edit in edits)
    if confused and errors <= (max(1, len(word) // 6) if long else 0):
        return "read"
    if 3 * errors <= len(word) and (long or all(_confused(*edit) or _vowels(*edit) for edit in edits)):
        return "poor" if long and confused else "doubtful"
    return "another" if long and len(printed) > 1 else "lost"


def _joined(word: str) -> str:
    for two, one in _JOINED:
        word = word.replace(two, one)
    return word


def _edits(ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    """The letters that differ, empty where one has no counterpart."""
    for i, j in paired(ours, theirs, 0, len(theirs)):
        a, b = "" if i is None else ours[i], "" if j is None else theirs[j]
        if a != b:
            yield a, b


def _confused(a: str, b: str) -> bool:
    return bool(a and b) and any(a in row and b in row for row in CONFUSED)


def _vowels(a: str, b: str) -> bool:
    return bool(a and b) and a in _VOWELS and b in _VOWELS


def digit_differs(claimed: str, read: str) -> bool:
    """A digit lost, invented, or standing for anything but a letter that looks like it."""
    if claimed == read or not (claimed.isdigit() or read.isdigit()):
        return False
    return not read or claimed.isdigit() == read.isdigit() or not _look_alike(claimed, read)


def _look_alike(a: str, b: str) -> bool:
    """Letters are small here and may have been capitals on the page."""
    return bool(a and b) and any(look_alike(x, y) for x in (a, a.upper()) for y in (b, b.upper()))
