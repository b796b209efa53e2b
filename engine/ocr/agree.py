"""Two readers of one page put together: which words they agree on, and whose text stands where they do not.

Words are laid over each other by their boxes and compared letter by letter, so that "RM 9.00" and "RM9.00" agree on
the number. Two readers of different kinds rarely make the same mistake: what both read is right nearly always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Levenshtein

from engine.page import Box, Word

OVER = 0.5  # share of the smaller width and height in common from which two words are the same ink
EDGE = ".,:;|'\"`-_~*()[]{}<>«»“”‘’•·"  # marks at the ends of a word that are no matter
DIGITS_BEFORE, DIGITS_AFTER = re.compile(r"\d[\d.,]*$"), re.compile(r"[.,]*\d[\d.,]*")


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
    return renumbered(settle(first, second, choose))


def settle(first: Sequence[Word], second: Sequence[Word], choose: Choice) -> list[Word]:
    """The words of :func:`merge` in no order, their lines as their readers numbered them."""
    found: list[Word] = []
    for place in places(first, second):
        mine, other = (place.first, place.second) if choose(place) else (place.second, place.first)
        found += compared(mine, other)
    return found


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
    """``mine`` with what ``other`` read in place of each word; marks at its ends count for nothing."""
    text, theirs = " ".join(word.text for word in mine), " ".join(word.text for word in other)
    first, last = edges(text, theirs)
    found, at = [], 0
    for word in mine:
        start, end = first[at], last[at + len(word.text)]
        before, after = DIGITS_BEFORE.search(theirs[:start]), DIGITS_AFTER.match(theirs[end:])
        if before and theirs[start : start + 1].isdigit():  # a piece of a longer number is not the number
            start = before.start()
        if after and theirs[end - 1 : end].isdigit():
            end += after.end()
        seen = theirs[start:end]
        found.append(replace(word, other=word.text if same(word.text, seen) else seen.strip()))
        at += len(word.text) + 1
    return found


def same(text: str, theirs: str) -> bool:
    a, b = text.strip(EDGE), theirs.strip(f"{EDGE} ")
    return a == b if a else bool(theirs) and text == theirs.strip()


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
