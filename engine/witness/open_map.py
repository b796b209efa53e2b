"""The entries of an open map: a key is a label as printed, and its value must be all that stands at that label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.label.anchors import Anchor, Label, letters, lines_to_anchors
from engine.label.features import Layout
from engine.label.lines import bounding
from engine.label.pairs import MOST, SURE, FormLabel, Pair, layout_to_pairs, line_to_form_labels
from engine.page import Word
from engine.pointer import tokens
from engine.result import Field
from engine.values.date_likeness import date_likeness
from engine.values.dates import dates_in
from engine.values.likeness import number_likeness
from engine.values.numbers import numbers_in, parse_number
from engine.values.text_alignment import text_alignment
from engine.witness.judgement import Judgement
from engine.witness.place import RUN, as_date
from engine.witness.sight import Sight

DATED = 5  # digits in a cell from which it may hold a date


def judge_entries(fields: Mapping[str, Field], sights: Sequence[Sight]) -> dict[str, Judgement]:
    """``fields`` are entries by their pointers, best all of a map at once, since each key also ends the place of the
    label before it. An entry is confirmed by any reader that reads the value, and little else, at its label; never
    contradicted, for where an unknown form has its values is only guessed."""
    maps = [_Printed(sight, _places(fields, sight)) for sight in sights]
    return {pointer: _judged(pointer, field, maps) for pointer, field in fields.items()}


def judge_entry(pointer: str, field: Field, sights: Sequence[Sight]) -> Judgement:
    """One entry whose neighbours are not known."""
    return judge_entries({pointer: field}, sights)[pointer]


def _judged(pointer: str, field: Field, maps: Sequence[_Printed]) -> Judgement:
    if isinstance(field.value, bool):
        return Judgement("silent", "a yes or no is told by a tick, which OCR does not read")
    for printed in maps:
        for anchor, words in printed.places_of(pointer, field.page):
            run = _value_at(field.value, words, printed.sight)
            if run:
                return Judgement(
                    "confirmed",
                    "it stands at its label",
                    " ".join(word.text for word in run),
                    anchor.line.page,
                    bounding(run),
                    "exact",
                    {"share": 1.0, "word": min(word.confidence for word in run)},
                )
    labelled = any(pointer in printed.places for printed in maps)
    why = "OCR reads something else at its label" if labelled else "OCR does not find its label"
    nowhere = bool(letters(str(field.value))) and not any(_anywhere(field.value, printed) for printed in maps)
    return Judgement("silent", why, evidence={"nowhere": float(nowhere)})


# --- where ------------------------------------------------------------------------------------------------


_Place = tuple[Anchor, tuple[Word, ...]]


@dataclass(frozen=True)
class _Printed:
    """Where a reader sees the keys of a map, each with the words that stand at it."""

    sight: Sight
    places: Mapping[str, Sequence[_Place]]

    def places_of(self, pointer: str, page: int | None) -> Sequence[_Place]:
        known = page if page in self.sight.pages else None
        return [place for place in self.places.get(pointer, ()) if known in (None, place[0].line.page)]

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(word.text for line in self.sight.lines() for word in line.words)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """All numbers of the pages as they are printed."""
        sign = self.sight.sheet.decimal_sign
        return frozenset(number.printed for line in self.sight.lines() for number in numbers_in(line.text, sign))

    @cached_property
    def dated(self) -> frozenset[str]:
        """The cells of the pages that may hold a date, also a misread one."""
        cells = (" ".join(w.text for w in line.words[a:b]) for line in self.sight.lines() for a, b in line.cells)
        return frozenset(cell for cell in cells if sum(map(str.isdigit, cell)) >= DATED or dates_in(cell))


def _places(fields: Mapping[str, Field], sight: Sight) -> dict[str, list[_Place]]:
    layout = sight.sheet.layout
    anchors = _best(lines_to_anchors(layout.lines, [Label(pointer, tokens(pointer)[-1], 0) for pointer in fields]))
    pairs: dict[tuple[int, int], list[Pair]] = {}
    for pair in layout_to_pairs(layout):
        pairs.setdefault((pair.label.line.page, pair.label.line.index), []).append(pair)
    values = {id(word) for line in pairs.values() for pair in line for word in pair.words}
    keys = [anchor for anchor in anchors if _parted(anchor, values)]
    starts = {id(anchor.line.words[anchor.first]) for anchor in keys}
    places: dict[str, list[_Place]] = {}
    for anchor in keys:
        own = pairs.get((anchor.line.page, anchor.line.index), [])
        places.setdefault(anchor.leaf, []).append((anchor, _at(anchor, own, starts, layout)))
    return places


def _best(anchors: Sequence[Anchor]) -> list[Anchor]:
    """Of finds of one key that begin with the same word the best: a longer one has swallowed some of the value."""
    best: dict[tuple[str, int], Anchor] = {}
    for anchor in sorted(anchors, key=lambda a: -a.score):
        best.setdefault((anchor.leaf, id(anchor.line.words[anchor.first])), anchor)
    return list(best.values())


def _parted(anchor: Anchor, values: set[int]) -> bool:
    """Is it a label, and no word within a value that is one by chance (Name: City Bank)?"""
    begins_cell = any(first == anchor.first for first, _ in anchor.line.cells)
    return begins_cell or id(anchor.line.words[anchor.first]) not in values


def _at(anchor: Anchor, pairs: Sequence[Pair], starts: set[int], layout: Layout) -> tuple[Word, ...]:
    """The words that stand at a label: what its form pairs with it, else the rest of its cell, up to the next label.

    Nothing where the printed label says more than the key: the Name of a Company Name is another one.
    """
    line = anchor.line
    labels = line_to_form_labels(line)
    if any(_overlap(anchor, label) and not _fills(anchor, label) for label in labels):
        return ()
    pair = next((pair for pair in pairs if _overlap(anchor, pair.label)), None)
    if pair:
        return _until(starts, _whole(pair, layout))
    return _until(
        starts | {id(line.words[label.first]) for label in labels},
        line.words[anchor.last : line.cell_of(anchor.last - 1)[1]],
    )


def _whole(pair: Pair, layout: Layout) -> tuple[Word, ...]:
    """The words of a pair with those of their cells that it left out, which may be a minus or a doubtful figure; not
    with letters of which the reader was not sure."""
    label, own = pair.label, {id(word) for word in pair.words}
    whole: list[Word] = []
    for step in range(MOST + 2):
        line = layout.line_at(label.line.page, label.line.index + step)
        at = [n for n, word in enumerate(line.words) if id(word) in own] if line else []
        if not line or not at:
            continue
        first, last = line.cell_of(at[0])[0], line.cell_of(at[-1])[1]
        if step == 0:
            others = line_to_form_labels(line)
            first = label.last
            last = min([last, *(other.first for other in others if other.first > at[-1])])
        whole += line.words[first:last]
    return tuple(word for word in whole if word.confidence >= SURE or not any(map(str.isalpha, word.text)))


def _overlap(anchor: Anchor, label: FormLabel) -> bool:
    return anchor.first < label.last and label.first < anchor.last


def _fills(anchor: Anchor, label: FormLabel) -> bool:
    key = anchor.line.words[anchor.first : anchor.last]
    return len(_letters(key)) >= RUN * len(letters(label.text))


def _until(ends: set[int], words: Sequence[Word]) -> tuple[Word, ...]:
    last = next((at for at, word in enumerate(words) if id(word) in ends), len(words))
    return tuple(words[:last])


# --- what -------------------------------------------------------------------------------------------------


def _value_at(value: Any, words: Sequence[Word], sight: Sight) -> Sequence[Word]:
    """The words that print the value, if it begins there and fills the place; none otherwise."""
    text = str(value)
    if not words or not letters(text):
        return ()
    printed = " ".join(word.text for word in words)
    if _squeezed(text) == _squeezed(printed):
        return words
    number, day = _number(value, sight), _date(text, sight)
    if day:
        order, default = sight.sheet.date_order, sight.doctype.date_order
        return words if date_likeness(day, printed, order, default) == "equal" else ()
    if number is not None:
        return words if number_likeness(number, printed, sight.sheet.decimal_sign) == "equal" else ()
    found = text_alignment(text, [word.text for word in words], exact=all(w.reader == "text_layer" for w in words))
    if found.span is None or found.likeness != "equal" or _letters(words[: found.span[0]]):
        return ()
    run, rest = words[slice(*found.span)], words[found.span[1] :]
    whole = len(_letters(run)) >= RUN * len(_letters(words)) and not any(c.isdigit() for c in _letters(rest))
    return run if whole else ()


def _number(value: Any, sight: Sight) -> Decimal | None:
    """A value that is wholly a number; a phone number and 0042 are texts, which must have every digit."""
    if isinstance(value, int | Decimal):
        return Decimal(value)
    form = parse_number(str(value), sight.sheet.decimal_sign)
    if form is None or form.printed != str(value).strip() or re.match(r"\D*0\d", form.printed):
        return None
    return form.value


def _date(text: str, sight: Sight) -> str | None:
    """A text that is wholly a date, in ISO form as far as it tells its order."""
    forms = dates_in(text)
    if len(forms) != 1 or forms[0].printed != text.strip():
        return None
    return as_date(text.strip(), sight.sheet.date_order or sight.doctype.date_order)


def _anywhere(value: Any, printed: _Printed) -> bool:
    """Is there anything on the pages that could be this value, also badly read?"""
    sight, text = printed.sight, str(value)
    if day := _date(text, sight):
        orders = sight.sheet.date_order, sight.doctype.date_order
        return any(date_likeness(day, cell, *orders) != "different" for cell in printed.dated)
    if (number := _number(value, sight)) is not None:
        sign = sight.sheet.decimal_sign
        return any(number_likeness(number, form, sign) != "different" for form in printed.numbers)
    return text_alignment(text, printed.words).span is not None


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _letters(words: Sequence[Word]) -> str:
    return letters("".join(word.text for word in words))
