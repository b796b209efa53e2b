"""What is still accused, put before a model: the place alone, and the two texts to choose from.

A model that chooses the claimed text takes the accusation back and proves nothing, for it may agree with itself. One
that chooses the witness's text, or neither, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from engine.doctype import Leaf
from engine.label.anchors import letters
from engine.label.claims import NUMBERS, kind_of
from engine.page import Box, PageImage
from engine.result import Field, Usage
from engine.values.dates import dates_in
from engine.values.identifiers import same_identifier
from engine.vlm.ask import Vlm
from engine.vlm.choose import choose
from engine.witness.closer import accused
from engine.witness.crop import LETTER, CropLook
from engine.witness.judgement import Judgement
from engine.witness.place import as_date, as_number
from engine.witness.sight import Sight

MOST_QUESTIONS = 4  # of a page, critical leaves first

Pick = Callable[[int, Box, tuple[str, str]], str | None]
"""Page, place and two texts, to the one that stands there; None for an abstention."""


class Chooser:
    """A model that is shown the places of one document, on ``pages`` alone: those that it was asked about before, so
    that what is to stay with OCR does. ``usage`` is what each page took.
    """

    def __init__(self, vlm: Vlm, crops: CropLook, pages: Collection[int]) -> None:
        self._vlm, self._crops, self._pages = vlm, crops, frozenset(pages)
        self.usage: dict[int, Usage] = {}
        self._chosen: dict[tuple[int, Box, tuple[str, str]], str | None] = {}

    def __call__(self, page: int, box: Box, texts: tuple[str, str]) -> str | None:
        """Asked once, however often the document is judged."""
        if (page, box, texts) not in self._chosen:
            self._chosen[page, box, texts] = self._choose(page, box, texts)
        return self._chosen[page, box, texts]

    def _choose(self, page: int, box: Box, texts: tuple[str, str]) -> str | None:
        crop = self._crops.cut(page, box) if page in self._pages else None
        if crop is None:
            return None
        choice = choose(self._vlm, PageImage(page, crop.pixels, None), LETTER, texts)
        self.usage[page] = self.usage.get(page, Usage()) + choice.usage
        return choice.chosen


def let_choose(
    found: Mapping[str, Judgement], fields: Mapping[str, Field], sight: Sight, pick: Pick
) -> dict[str, Judgement]:
    """The judgements by pointer; accusations that the model does not share are silent."""
    told = dict(found)
    count: Counter[int] = Counter()
    for pointer, leaf in accused(found, sight):
        judgement = found[pointer]
        texts = two_texts(leaf, fields[pointer].value, judgement.witness, sight)
        page, box = judgement.page, judgement.box
        if texts is None or page is None or box is None or count[page] == MOST_QUESTIONS:
            continue
        count[page] += 1
        if pick(page, box, texts) == texts[0]:
            why = f"OCR reads {judgement.witness!r} at its place, and the model, shown that place alone, the claim"
            told[pointer] = replace(judgement, verdict="silent", reason=why)
    return told


def two_texts(leaf: Leaf, value: Any, witness: str | None, sight: Sight) -> tuple[str, str] | None:
    """The claim and the witness's text, written alike; None where a picture of the place cannot tell which is right.

    That is so for the same text twice, a name within the other, and a day and a month that change places.
    """
    if witness is None:
        return None
    claimed, read = (_plain(leaf, text, sight) for text in (value, witness))
    if not claimed or not read:
        return None
    if kind_of(leaf) == "date":
        alike = sorted(claimed.split("-")) == sorted(read.split("-"))
    elif kind_of(leaf) in NUMBERS:
        alike = claimed == read
    elif kind_of(leaf) == "identifier":
        alike = same_identifier(claimed, read)
    else:
        alike = letters(claimed) in letters(read) or letters(read) in letters(claimed)
    return None if alike else (claimed, read)


def _plain(leaf: Leaf, value: Any, sight: Sight) -> str | None:
    """A value or what OCR read, in the one form that the question uses."""
    kind, sheet = kind_of(leaf), sight.sheet
    if kind in NUMBERS:
        number = as_number(value, sheet.decimal_sign)
        return None if number is None else f"{number.normalize():f}"
    if kind == "date":
        day = as_date(str(value), sheet.date_order or leaf.date_order or sight.doctype.date_order)
        return day if len(dates_in(day)) == 1 and day[:4].isdigit() else None
    return " ".join(str(value).split())
