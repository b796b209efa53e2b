"""What a text layer says and the ink does not: hidden words, foreign ones, and numbers that stand otherwise on paper.

A layer's word is *said* where the words read off the page hold it, *unsaid* where they cannot: it lies off the page, on
bare paper, or where the reader is sure of something else; else nobody knows. A misread word of an old OCR layer is
nothing to speak of; a line of words none of which stands on the page is, and so is an amount with other digits than a
glyph's slip explains. None of it is ever read: the finding only says that it is there.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from engine.config import Config
from engine.page import Box, Reading, Word
from engine.receive import Document
from engine.result import Finding
from engine.text_layer import TextLayer, text_ink, text_layer

# Set by `python -m tests.bench.hidden_text DATA`: see there for what each costs and catches.
SURE = 0.8  # confidence from which a word that OCR read speaks against the layer's
ALIKE = 60.0  # ratio from which what stands in a word's place counts as that word, misread
FOUND = 70.0  # the same for words found anywhere
IN_PLACE = 0.25  # share of a line's telling words in their place above which the line stands on the page
UNSAID = 0.5  # share of a line's telling words that must be unsaid
SHIFTED = 0.75  # share of a passage's telling words found elsewhere from which the layer is only laid badly
PASSAGE = 5  # telling words without which a passage is a clipped cell, or a producer's mark
LINE = 3  # telling words that one of its lines must have
QUOTED = 80  # characters of it that are quoted


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a page's layer says alone: ``passages`` are lines of words, ``numbers`` pairs (layer, what is read there;
    "" on bare paper). ``words`` counts the words of both.
    """

    passages: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> int:
        return sum(len(line.split()) for line in self.passages) + len(self.numbers)


def hidden_findings(document: Document, readings: Sequence[Reading], config: Config) -> tuple[Finding, ...]:
    """A warning for each page whose layer says more than its ink, as the signal ``hidden_text`` counted it.

    Its layer is read once more for what to quote. Warnings, because what is hidden is never read: the values come
    from what can be seen.
    """
    found = []
    for reading in readings:
        if reading.signals.get("hidden_text", 0.0) > 0:
            hidden = hidden_text(text_layer(document, reading.page, config), reading)
            found += [Finding("", "text_layer", "warning", told, reading.page) for told in _told(hidden)]
    return tuple(found)


def hidden_text(layer: TextLayer, reading: Reading) -> Hidden:
    """What ``layer`` says and the page, as ``reading`` has it, does not. Empty without a layer or a picture of it."""
    suspects = [layer.unseen] if reading.source == "text_layer" else [layer.unseen, layer.words]
    if layer.thumbnail is None or not any(suspects):
        return Hidden()
    page = _Page(layer, reading)
    lines = [list(line) for words in suspects for _, line in groupby(words, key=lambda word: word.line)]
    passages: list[list[Word]] = []
    rest: list[Word] = []
    for foreign, group in groupby(lines, key=page.is_foreign):
        words = [word for line in group for word in line]
        if foreign and page.is_passage(words):
            passages.append(words)
        else:
            rest += words
    numbers = tuple(pair for word in rest if (pair := page.other_number(word)) is not None)
    return Hidden(tuple(" ".join(word.text for word in words) for words in passages), numbers)


class _Page:
    """What was read off a page, ready to be asked about the layer's words."""

    def __init__(self, layer: TextLayer, reading: Reading) -> None:
        self.layer, self.reading = layer, reading
        self.cores = sorted({core for word in reading.words if len(core := _core(word.text)) > 2})
        self.running = "".join(_core(word.text) for word in reading.words)
        digits = [_digits(word.text) for word in reading.words]
        self.amounts = {*digits, *map("".join, pairwise(digits))}  # an amount may have been read in two parts
        self.ink = None if layer.thumbnail is None else text_ink(layer.thumbnail)
        self.boxes = np.array([word.box.as_list() for word in reading.words]).reshape(-1, 4).T

    def is_foreign(self, line: Sequence[Word]) -> bool:
        """Whether hardly a telling word of a line stands in its place, and most cannot."""
        telling = [word for word in line if _tells(word.text)]
        missing = [word for word in telling if not self.stands(word)]
        if len(telling) - len(missing) > IN_PLACE * len(telling):
            return False
        return bool(telling) and sum(self.excludes(word) for word in missing) >= UNSAID * len(telling)

    def is_passage(self, words: Sequence[Word]) -> bool:
        """Whether foreign lines hold enough to speak of, and do not stand elsewhere on the page.

        Ends of cells that are clipped come one or two a line; what somebody wrote has a line of its own.
        """
        telling = [word for word in words if _tells(word.text)]
        if max(Counter(word.line for word in telling).values(), default=0) < LINE:
            return False
        return len(telling) >= PASSAGE and sum(map(self.says, telling)) < SHIFTED * len(telling)

    def stands(self, word: Word) -> bool:
        """Whether a word was read in its place, perhaps with others as one, in parts or misread."""
        core, there = _core(word.text), "".join(_core(other.text) for other in self.there(word))
        return bool(there) and max(fuzz.ratio(core, there), fuzz.partial_ratio(core, there) - 20) >= ALIKE

    def says(self, word: Word) -> bool:
        """Whether a word was read anywhere on the page, perhaps otherwise parted or misread."""
        core = _core(word.text)
        if core in self.running:
            return True
        return not _is_number(core) and bool(
            process.extractOne(core, self.cores, scorer=fuzz.ratio, score_cutoff=FOUND)
        )

    def excludes(self, word: Word) -> bool:
        """Whether a word that was not read in its place cannot stand there either."""
        if self.reading.source == "text_layer" or self.is_bare(word):
            return True
        return any(other.confidence >= SURE and _core(other.text) for other in self.there(word))

    def is_bare(self, word: Word) -> bool:
        """Whether a word lies off the page, or where no ink looks like text (a rule or a speck may)."""
        box = word.box
        if self.ink is None or not (0 <= box.cx <= 1 and 0 <= box.cy <= 1):
            return True
        height, width = self.ink.shape
        y0, x0 = max(int(box.y0 * height), 0), max(int(box.x0 * width), 0)
        return not self.ink[y0 : int(box.y1 * height) + 1, x0 : int(box.x1 * width) + 1].any()

    def there(self, word: Word) -> list[Word]:
        """The words read where the layer has this one."""
        meet = _meet(_turned(word.box, self.reading.rotation), self.boxes)
        return [self.reading.words[at] for at in np.flatnonzero(meet)]

    def other_number(self, word: Word) -> tuple[str, str] | None:
        """An amount and what is read in its place, where no slip of the reader explains the difference."""
        if not _AMOUNT.search(word.text) or _digits(word.text) in self.amounts:
            return None
        if self.reading.source == "text_layer" or self.is_bare(word):
            return word.text, ""
        there = [other for other in self.there(word) if _digits(other.text)]
        if len(there) != 1 or there[0].confidence < SURE or not _AMOUNT.search(there[0].text):
            return None
        return (word.text, there[0].text) if _differ(_digits(word.text), _digits(there[0].text)) else None


# ------------------------------------------------------------------------------------------------ words


_AMOUNT = re.compile(r"\d[.,]\d\d(?!\d)")
_GLYPHS = str.maketrans("oliszb", "011528")  # what OCR takes for one another, as digits
_SLIPS = frozenset(map(frozenset, ("38", "60", "58", "17", "68", "56", "35", "69", "89", "27", "14", "47", "90")))


def _core(text: str) -> str:
    """Letters and digits only, lower case; in what holds digits, letters that look like one become it."""
    bare = re.sub(r"[\W_]", "", text.casefold())
    return bare.translate(_GLYPHS) if any(map(str.isdigit, bare)) else bare


def _digits(text: str) -> str:
    return re.sub(r"\D", "", _core(text))


def _is_number(core: str) -> bool:
    return 2 * sum(map(str.isdigit, core)) >= len(core)


def _tells(text: str) -> bool:
    """Whether a word tells one page from another: the short ones stand on every page."""
    return bool(re.search(r"[^\W\d_]{4}|\d{3}", text)) or bool(_AMOUNT.search(text))


def _differ(one: str, other: str) -> bool:
    """Whether two rows of digits differ by more than glyphs taken for one another and one digit lost or added."""
    if len(one) != len(other):
        return abs(len(one) - len(other)) > 1
    wrong = [frozenset(pair) for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    return any(pair not in _SLIPS for pair in wrong)


def _meet(box: Box, others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of the other boxes (4, N) share half of the narrower and half of the lower of the two with ``box``."""
    x0, y0, x1, y1 = others
    across = np.minimum(box.x1, x1) - np.maximum(box.x0, x0)
    down = np.minimum(box.y1, y1) - np.maximum(box.y0, y0)
    narrow, low = np.minimum(box.width, x1 - x0), np.minimum(box.height, y1 - y0)
    return np.asarray((across > 0.5 * narrow) & (down > 0.5 * low))


def _turned(box: Box, rotation: int) -> Box:
    """A box of the page as the file has it on the page that was turned clockwise to be read."""
    match rotation:
        case 90:
            return Box(1 - box.y1, box.x0, 1 - box.y0, box.x1)
        case 180:
            return Box(1 - box.x1, 1 - box.y1, 1 - box.x0, 1 - box.y0)
        case 270:
            return Box(box.y0, 1 - box.x1, box.y1, 1 - box.x0)
    return box


# ------------------------------------------------------------------------------------------------ in words


def _told(hidden: Hidden) -> Iterator[str]:
    if hidden.passages:
        count = sum(len(line.split()) for line in hidden.passages)
        yield (
            f"the text layer holds {count} words that cannot be seen on the page: "
            f"{_quoted(' '.join(hidden.passages))}; they were not read"
        )
    for layer, page in hidden.numbers[:3]:
        there = f"the page shows {_quoted(page)}" if page else "nothing can be seen"
        yield f"the text layer says {_quoted(layer)} where {there}; it was not read"
    if len(hidden.numbers) > 3:
        yield f"the text layer has {len(hidden.numbers) - 3} more numbers that the page does not show"


def _quoted(text: str) -> str:
    """The beginning in quotes, without control and format characters (which can turn a line around)."""
    shown = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in text)
    shown = " ".join(shown.split())
    return f'"{shown}"' if len(shown) <= QUOTED else f'"{shown[: QUOTED - 1].rstrip()}…"'
