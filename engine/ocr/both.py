"""Two readers for one page: both read it whole, and where they differ the surer one's text stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from engine.ocr import Ocr
from engine.ocr.agree import Place, merge
from engine.ocr.paddle import Paddle
from engine.page import PageImage, Word

SURE = 0.90  # mean confidence from which the first reader's text stands against the second's
SURE_NUMBER = 0.80  # confidence of its least sure word from which the second's stands where there are digits
LOST = 0.60  # confidence under which a word that only the first reader saw is taken for a speck
NUMERIC = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Both:
    """``first`` and ``second`` read every page."""

    first: Ocr
    second: Paddle = field(default_factory=Paddle)

    @property
    def name(self) -> str:
        return f"{self.first.name} + {self.second.name}"

    def read(self, image: PageImage) -> tuple[Word, ...]:
        return together(self.first.read(image), self.second.read(image))


def together(first: Sequence[Word], second: Sequence[Word]) -> tuple[Word, ...]:
    """A page's words from what both engines read of it."""
    return without_specks(merge(first, second, first_stands))


def first_stands(place: Place) -> bool:
    """Whose text stands: of plain words the first reader's where it is sure, of numbers only if the second is not.

    But a per cent sign stands against a digit: the second reader takes it for one ("6%" for 67), and surely.
    """
    if not place.first or not place.second:
        return bool(place.first)
    one, two = (" ".join(word.text for word in words) for words in (place.first, place.second))
    if one.endswith("%") and two[-1:].isdigit() and one[0] == two[0]:
        return True
    if fmean(word.confidence for word in place.first) < SURE:
        return False
    return not NUMERIC.search(one + two) or min(word.confidence for word in place.second) < SURE_NUMBER


def without_specks(words: Sequence[Word]) -> tuple[Word, ...]:
    return tuple(w for w in words if not (w.reader == "tesseract" and w.other == "" and w.confidence < LOST))
