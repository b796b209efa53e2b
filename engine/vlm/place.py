"""Where on the page a text that a model quotes stands, by the words that OCR read there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from engine.page import Box, Word


def place(printed: str, words: Sequence[Word]) -> Box | None:
    """The box of the words that spell ``printed``, blanks and case aside; None where there are none, or several.

    Only whole words count: ``1.00`` does not stand in ``11.00``. A text that is there twice has no place yet, for
    the wrong one of two boxes is worse than none.
    """
    wanted = _letters(printed)
    if not wanted:
        return None
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    spelled = ""
    for index, word in enumerate(words):
        starts[len(spelled)] = index
        spelled += _letters(word.text)
        ends[len(spelled)] = index
    found = [at for at in _occurrences(wanted, spelled) if at in starts and at + len(wanted) in ends]
    if len(found) != 1:
        return None
    first, last = starts[found[0]], ends[found[0] + len(wanted)]
    return reduce(Box.union, (word.box for word in words[first : last + 1]))


def _letters(text: str) -> str:
    return "".join(text.casefold().split())


def _occurrences(wanted: str, text: str) -> list[int]:
    found, at = [], text.find(wanted)
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found
