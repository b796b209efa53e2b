"""Words as letters and digits, end to end, with what their marks tell: parts, figures, and what may not be cut."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise


@dataclass(frozen=True, slots=True)
class Lettering:
    """The letters and digits of words, end to end. A part is what stands between marks within a word.

    ``edges`` holds where each part begins, and the end of all; ``word`` the word of each part; ``open_edges``
    the edges where a run may begin or end: not within what a hyphen or point makes one number or identifier.
    ``marks`` holds what stands before each letter, as far as it may change a figure (see ``_mark``).
    """

    letters: str
    marks: tuple[str, ...]
    edges: tuple[int, ...]
    word: tuple[int, ...]
    open_edges: tuple[int, ...]

    def part_at(self, letter: int) -> int:
        return bisect_right(self.edges, letter) - 1

    def parts(self, begin: int, end: int) -> list[tuple[int, int]]:
        """The parts from one edge to another, as spans of letters."""
        first, last = bisect_left(self.edges, begin), bisect_left(self.edges, end)
        return list(pairwise(self.edges[first : last + 1]))

    def words_of(self, begin: int, end: int) -> tuple[int, int]:
        return self.word[self.part_at(begin)], self.word[self.part_at(end - 1)] + 1


_PART = re.compile(r"([^\W_]+)([\W_]*)")  # and the marks behind it


@lru_cache(maxsize=64)
def lettering(words: tuple[str, ...]) -> Lettering:
    parts = [(part, index, bound) for index, word in enumerate(words) for part, bound in _parts(word)]
    ends = tuple(accumulate((len(part) for part, _, _ in parts), initial=0))
    bound = {end for end, (_, _, bound) in zip(ends[1:], parts, strict=True) if bound}
    return Lettering(
        letters="".join(part for part, _, _ in parts),
        marks=_marks(words),
        edges=ends,
        word=tuple(index for _, index, _ in parts),
        open_edges=tuple(end for end in ends if end not in bound),
    )


@lru_cache(maxsize=1 << 15)
def _parts(word: str) -> tuple[tuple[str, bool], ...]:
    """The parts of a word in small letters without accents, each with whether it is bound to the next one."""
    found = _PART.findall(_plain(word))
    behind = [*(part for part, _ in found), ""][1:]
    return tuple((part, _bound(part, marks, after)) for (part, marks), after in zip(found, behind, strict=True))


@lru_cache(maxsize=1 << 15)
def _plain(word: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c)).casefold()
    return plain.replace("&", " and ")


def _bound(part: str, marks: str, behind: str) -> bool:
    """12.50 and W003-208416 are not cut in two, NO.5 and B/5 are."""
    digits = has_digit(part), has_digit(behind)
    return bool(behind) and (
        (all(digits) and marks in (".", ",", "'", "/", "-")) or (any(digits) and marks in ("-", "_"))
    )


def has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


_SIGN, _HYPHEN = "−", "-"
_MINUS = re.compile(r"\s[(\[]?[-−–][$€£]?$")
_FIGURE = re.compile(r"([\W_]*)([^\W_])")


def _marks(words: tuple[str, ...]) -> tuple[str, ...]:
    """The mark before each letter: only digits have one that counts."""
    text = " " + " ".join(map(_plain, words))
    found = list(_FIGURE.finditer(text))
    before = ["", *(match[2] for match in found)]
    return tuple(
        _mark(match[1], digit_before=last.isdigit(), behind=text[match.start(2) : match.start(2) + 4])
        if match[2].isdigit()
        else ""
        for last, match in zip(before, found, strict=False)
    )


def _mark(gap: str, *, digit_before: bool, behind: str) -> str:
    """What stands between a digit and the letter before it: a point or comma between digits, loose if a space is
    beside it; a minus; a hyphen within a word; nothing; or anything else, which is a space.

    A comma before four digits or more parts two figures: 39,47400 is a street's number and a postal code.
    """
    if _MINUS.search(gap):
        return _SIGN
    if gap.strip() in (".", ",") and digit_before:
        loose = gap != gap.strip() or (gap == "," and behind.isdigit() and len(behind) == 4)
        return f"{gap.strip()} " if loose else gap
    if gap.endswith("-"):
        return _HYPHEN
    return " " if gap else ""


_SAME_MARKS = {
    frozenset(pair)
    for pair in (
        ("", " "),
        ("", "-"),
        (" ", "-"),
        (" ", ". "),
        (" ", ", "),
        (".", ". "),
        (",", ", "),
        (". ", ", "),
        ("-", "−"),
    )
}


def same_mark(a: str, b: str) -> bool:
    """Words are split and merged by OCR, a hyphen may go with a space, and a space beside a point is none."""
    return a == b or frozenset((a, b)) in _SAME_MARKS
