"""Two readers for one page: the second reads it whole where that is its strength, else only the lines in doubt.

Recognising a line that is cut out already costs a hundredth of a page, so a page with few doubts costs hardly more
than Tesseract alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from statistics import fmean

from engine.ocr import Ocr
from engine.ocr.agree import Place, merge, settle
from engine.ocr.find_lines import Line, cut_out
from engine.ocr.paddle import Paddle, token_to_word
from engine.ocr.read_lines import read_line
from engine.ocr.tesseract import letter_height, to_grey
from engine.page import PageImage, Word

SLIP = 1.5  # height over width from which a page is a receipt
SMALL = 14.0  # px; print with lower letters is the second reader's strength
UNSURE = 0.80  # mean confidence of the first reader below which the page is read again as a whole
DOUBT = 0.85  # confidence of a line's least sure word below which the line is read again
SURE = 0.90  # mean confidence from which the first reader's text stands against the second's
SURE_NUMBER = (
    0.80  # confidence of its least sure word from which the second reader's text stands where there are digits
)
LOST = 0.60  # confidence under which a word that only the first reader saw is taken for a speck
GAP = 3.0  # line heights between two words from which they are read as two lines
NUMERIC = re.compile(r"\d")
ROOM = 0.35  # line heights added around a line: the recogniser was trained on lines with air about them


@dataclass(frozen=True, slots=True)
class Both:
    """``first`` reads every page; ``second`` the pages and lines where it helps. ``always`` = every page whole."""

    first: Ocr
    second: Paddle = field(default_factory=Paddle)
    always: bool = False

    @property
    def name(self) -> str:
        return f"{self.first.name} + {self.second.name}"

    def read(self, image: PageImage) -> tuple[Word, ...]:
        words = self.first.read(image)
        if self.always or wants_whole(image, words):
            return without_specks(merge(words, self.second.read(image), first_stands))
        return look_again(image, words)


def wants_whole(image: PageImage, words: Sequence[Word]) -> bool:
    """Whether the second reader should read the whole page: slips, small print, and what the first read badly."""
    if image.height > SLIP * image.width or not words or fmean(word.confidence for word in words) < UNSURE:
        return True
    letter = letter_height(to_grey(image.pixels))
    return letter is not None and letter < SMALL


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


def look_again(image: PageImage, words: Sequence[Word], doubt: float = DOUBT) -> tuple[Word, ...]:
    """``words`` with their doubtful lines settled between both readers; the others were seen by one only."""
    found: list[Word] = []
    for number, line in groupby(words, key=lambda word: word.line):
        for part in parts(list(line), image):
            if min(word.confidence for word in part) >= doubt:
                found += part
                continue
            place = bounds(part, image)
            second = [token_to_word(token, place, image, number) for token in read_line(cut_out(image.pixels, place))]
            found += sorted(settle(part, second, first_stands), key=lambda word: word.box.x0)
    return tuple(found)


def parts(line: Sequence[Word], image: PageImage) -> list[list[Word]]:
    """A line cut where its words stand far apart."""
    height = max(word.box.height for word in line) * image.height / image.width
    found = [[line[0]]]
    for before, word in pairwise(line):
        if word.box.x0 - before.box.x1 > GAP * height:
            found.append([])
        found[-1].append(word)
    return found


def bounds(words: Sequence[Word], image: PageImage) -> Line:
    """The rectangle of the words, with some air."""
    box = words[0].box
    for word in words[1:]:
        box = box.union(word.box)
    high = box.height * image.height
    length = box.width * image.width + 2 * ROOM * high
    return Line(box.cx * image.width, box.cy * image.height, length, high * (1 + 2 * ROOM), 0.0, 1.0)
