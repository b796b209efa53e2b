"""Two readers of one page put together: which words they agree on, and whose text stands where they do not.

Words are laid over each other by their boxes and compared letter by letter, so that "RM 9.00" and "RM9.00" agree on
the number, "-9.00" and "9.00" do not. Two readers of different kinds rarely make the same mistake: what both read is
right nearly always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from engine.page import Box, Word

OVER = 0.5  # share of the smaller width and height in common from which two words are the same ink
QUOTES = "'\"`“”‘’"
EDGE = f".,:;|-_~*()[]{{}}<>«»•·{QUOTES}"  # marks at the ends of a word without digits that are no matter
AFTER_NUMBER = f".,:;{QUOTES}"  # marks that end a sentence; any other mark beside digits makes another number
DIGIT = re.compile(r"\d")
# What a number goes on with in a word without spaces, on either side: a piece of it is not the number.
NUMBER_BEFORE, NUMBER_AFTER = re.compile(r"[\d.,()\[\]{}<>~+\-–−—]+$"), re.compile(r"[\d.,()\[\]{}<>~+\-–−—%]+")
SIGN = re.compile(r"[.()\[\]{}<>~+\-–−—%]+")


@dataclass(frozen=True, slots=True)
class Place:
    """The same ink as both readers saw it, each from left to right; one may have seen nothing."""

    first: tuple[Word, ...]
    second: tuple[Word, ...]


Choice = Callable[[Place], bool]
"""True where the first reader's text shall stand."""


def merge(first: Sequence[Word], second: Sequence[Word], choose: Choice) -> tuple[Word, ...]:
    """One reading of a page from two: the words that ``choose`` takes, each with what the other reader saw.

    Lines are numbered anew, from top to bottom.
    """
    found: list[Word] = []
    for place in places(first, second):
        mine, other = (place.first, place.second) if choose(place) else (place.second, place.first)
        found += compared(mine, other)
    return signs_doubted(renumbered(found))


def places(first: Sequence[Word], second: Sequence[Word]) -> list[Place]:
    """Words of both readers in groups that share no ink with one another."""
    words = [*first, *second]
    leader = list(range(len(words)))

    def head(i: int) -> int:
        while leader[i] != i:
            leader[i] = i = leader[leader[i]]
        return i

    by_height = sorted(range(len(first)), key=lambda i: words[i].box.y0)
    tallest = max((word.box.height for word in first), default=0.0)
    for j in range(len(first), len(words)):
        box = words[j].box
        for i in by_height:
            if words[i].box.y0 > box.y1:
                break
            if words[i].box.y0 >= box.y0 - tallest and same_ink(words[i].box, box):
                leader[head(j)] = head(i)
    groups: dict[int, tuple[list[Word], list[Word]]] = {}
    for i, word in enumerate(words):
        groups.setdefault(head(i), ([], []))[i >= len(first)].append(word)
    return [Place(_in_order(a), _in_order(b)) for a, b in groups.values()]


def _in_order(words: list[Word]) -> tuple[Word, ...]:
    return tuple(sorted(words, key=lambda word: word.box.x0))


def same_ink(a: Box, b: Box) -> bool:
    across = min(a.x1, b.x1) - max(a.x0, b.x0)
    down = min(a.y1, b.y1) - max(a.y0, b.y0)
    return across >= OVER * min(a.width, b.width) and down >= OVER * min(a.height, b.height) and across > 0 < down


def compared(mine: Sequence[Word], other: Sequence[Word]) -> list[Word]:
    """``mine`` with what ``other`` read in place of each word, as it read it, and whether that is the same."""
    text, theirs = " ".join(word.text for word in mine), " ".join(word.text for word in other)
    first, last = edges(text, theirs)
    found, at = [], 0
    for word in mine:
        start, end = first[at], last[at + len(word.text)]
        if DIGIT.search(theirs[start:end]):
            before, after = NUMBER_BEFORE.search(theirs[:start]), NUMBER_AFTER.match(theirs[end:])
            start = before.start() if before and not theirs[start].isspace() else start
            end += after.end() if after and not theirs[end - 1].isspace() else 0
        seen = theirs[start:end].strip()
        found.append(replace(word, other=seen, agreed=same(word.text, seen)))
        at += len(word.text) + 1
    return found


def same(text: str, theirs: str) -> bool:
    """Whether two words are the same but for marks that are no matter; beside digits nearly every mark matters."""
    if DIGIT.search(text + theirs):
        return text.lstrip(QUOTES).rstrip(AFTER_NUMBER) == theirs.lstrip(QUOTES).rstrip(AFTER_NUMBER)
    bare = text.strip(EDGE)
    return bare == theirs.strip(EDGE) if bare else text == theirs


def edges(text: str, theirs: str) -> tuple[list[int], list[int]]:
    """The first and the last place in ``theirs`` that each place between letters of ``text`` stands for.

    They differ where letters are inserted: those belong to the words on both sides, so that neither is agreed.
    """
    first, last = [0] * (len(text) + 1), [0] * (len(text) + 1)
    for step in Levenshtein.opcodes(text, theirs):
        if step.tag == "insert":
            last[step.src_start] = step.dest_end
        for i in range(step.src_start + 1, step.src_end + 1):
            first[i] = last[i] = min(step.dest_start + i - step.src_start, step.dest_end)
    return first, last


def signs_doubted(words: Sequence[Word]) -> tuple[Word, ...]:
    """Words in order with no number agreed on beside a mark by itself that only one reader saw ("- 9.00")."""
    found = list(words)
    for i, j in [*pairwise(range(len(found))), *((i + 1, i) for i in range(len(found) - 1))]:
        sign, word = found[i], found[j]
        if sign.line == word.line and not sign.agreed and SIGN.fullmatch(sign.text) and DIGIT.search(word.text):
            found[j] = replace(word, agreed=False)
    return tuple(found)


def renumbered(words: Sequence[Word]) -> tuple[Word, ...]:
    """Words in rows from top to bottom, each from left to right, ``line`` counted anew."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.box.cy):
        row = next((row for row in reversed(rows[-4:]) if _in_row(row, word)), None)
        if row is None:
            rows.append([word])
        else:
            row.append(word)
    ordered = [sorted(row, key=lambda word: word.box.x0) for row in rows]
    return tuple(replace(word, line=number) for number, row in enumerate(ordered) for word in row)


def _in_row(row: Sequence[Word], word: Word) -> bool:
    near = min(row, key=lambda other: abs(other.box.cx - word.box.cx))
    return abs(near.box.cy - word.box.cy) < 0.5 * min(near.box.height, word.box.height)
