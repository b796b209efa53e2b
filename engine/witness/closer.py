"""Accusations looked at closer: none stands that the place itself, cut out and read again, takes back.

Two readers look at a crop, and each is one witness however often it reads it: for the claim if any of its readings
prints it. Either of them takes an accusation back. A crop accuses nobody and confirms nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.doctype import Leaf
from engine.label.claims import CHOICE, CURRENCY, NUMBERS, kind_of
from engine.pointer import matches
from engine.result import Field
from engine.values.date_likeness import date_likeness
from engine.values.identifier_likeness import identifier_in
from engine.values.likeness import number_likeness
from engine.values.text_alignment import text_alignment
from engine.witness.crop import Crops, Texts
from engine.witness.judgement import Judgement
from engine.witness.place import RUN, as_date, as_number
from engine.witness.sight import Sight

MOST_CROPS = 6  # places of a page that are looked at


def look_closer(
    found: Mapping[str, Judgement], fields: Mapping[str, Field], sight: Sight, crops: Crops
) -> dict[str, Judgement]:
    """The judgements by pointer; those of accused critical leaves looked at, with ``crop`` in their evidence: 1 where
    a reader reads the claim in the crop, so that they are silent, 0 where none does.

    ``sight`` tells the document's type, decimal sign and order of dates.
    """
    looked = dict(found)
    count: Counter[int] = Counter()
    for pointer, leaf in accused(found, sight):
        judgement = found[pointer]
        page, box = judgement.page, judgement.box
        if not leaf.critical or page is None or box is None or count[page] == MOST_CROPS:
            continue
        count[page] += 1
        texts = crops(page, box, kind_of(leaf) in NUMBERS)
        if any(texts.values()):
            looked[pointer] = looked_at(judgement, leaf, fields[pointer].value, texts, sight)
    return looked


def accused(found: Mapping[str, Judgement], sight: Sight) -> list[tuple[str, Leaf]]:
    """The contradicted values whose place shows what they are, page by page, critical leaves first."""
    known = []
    for pointer, judgement in found.items():
        leaf = next((leaf for leaf in sight.doctype.leaves if matches(leaf.pointer, pointer)), None)
        if judgement.verdict == "contradicted" and leaf and kind_of(leaf) not in (CHOICE, CURRENCY):
            known.append((judgement.page or 0, not leaf.critical, pointer, leaf))
    return [(pointer, leaf) for _, _, pointer, leaf in sorted(known, key=lambda each: each[:2])]


def looked_at(judgement: Judgement, leaf: Leaf, value: Any, texts: Texts, sight: Sight) -> Judgement:
    """An accusation after the look; ``texts`` are what each reader makes of its place."""
    room = _letters(judgement.witness or "") / RUN  # a text with more letters prints more than one value
    read = [text for told in texts.values() for text in told if _letters(text) <= room]
    claim = next((text for text in read if prints(leaf, value, text, sight)), None)
    if claim is None:
        return replace(judgement, evidence={**judgement.evidence, "crop": 0.0})
    why = f"at its place stands {judgement.witness!r}, but {claim!r} where it is cut out and enlarged"
    return replace(judgement, verdict="silent", reason=why, evidence={**judgement.evidence, "crop": 1.0})


def prints(leaf: Leaf, value: Any, text: str, sight: Sight) -> bool:
    """Does a text of one place print the value as it stands, with nothing mended?"""
    kind, sheet = kind_of(leaf), sight.sheet
    if kind in NUMBERS:
        number = as_number(value, sheet.decimal_sign)
        return number is not None and number_likeness(number, text, sheet.decimal_sign) == "equal"
    if kind == "date":
        order, default = sheet.date_order, leaf.date_order or sight.doctype.date_order
        return date_likeness(as_date(str(value), order or default), text, order, default) == "equal"
    if kind == "identifier":
        return identifier_in(str(value), text) is not None
    words = text.split()
    found = text_alignment(str(value), words)
    if found.likeness != "equal" or found.span is None:
        return False
    return _letters("".join(words[slice(*found.span)])) >= RUN * _letters(text)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
