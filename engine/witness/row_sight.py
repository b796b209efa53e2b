"""A look at one cell of a claimed table: what stands in its row and column, as one reader saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.label.anchors import letters
from engine.label.columns import Head, line_to_cells
from engine.page import Word
from engine.values.date_likeness import date_likeness
from engine.values.identifier_likeness import identifier_in, identifier_likeness
from engine.values.identifiers import key_of
from engine.values.likeness import Likeness, number_likeness
from engine.values.text_alignment import text_alignment
from engine.witness.row_alignment import Band
from engine.witness.row_columns import REACH, Strip
from engine.witness.row_forms import Form
from engine.witness.row_roles import BY_RULE, Roles
from engine.witness.row_rules import fill_row
from engine.witness.row_table import Anchor, PlacedTable, Sort, sort_of
from engine.witness.row_text import size_of, text_cell

FILLS = 0.85  # share of its cell's letters that a claimed text must fill
SURE_COLUMN = 3  # rows from which a column is sure without a head


@dataclass(frozen=True, slots=True)
class Look:
    """What one reader saw of a cell. ``likeness`` is None where nothing of its sort was seen at its place.

    ``meaning`` is what two readers are compared by; ``column``: 1 sure, 0.5 told by the order of the values
    only, 0 unknown or in doubt; ``anchored``: the share of the row's other cells that stand on its lines; ``part``:
    only a part of the claim is printed there, or only a part of what is printed is claimed; ``misplaced``: the head
    or the rules give the column to another leaf.
    """

    reason: str
    likeness: Likeness | None = None
    meaning: Any = None
    printed: str | None = None
    page: int | None = None
    words: tuple[Word, ...] = ()
    anchored: float = 0.0
    column: float = 0.0
    ambiguous: bool = False
    part: bool = False
    misplaced: bool = False


@dataclass(frozen=True, slots=True)
class RowSight:
    """One reader, asked for the cells of a claimed table."""

    table: PlacedTable
    roles: Roles

    def look(self, row: int, leaf: str) -> Look:
        anchor = self.table.anchor(row, leaf)
        if isinstance(anchor, str):
            return Look(anchor)
        value, sort = self.table.rows[row][leaf], sort_of(self.table.rows[row][leaf], self.table.pages.leaves[leaf])
        if isinstance(value, bool):
            return Look("a tick is not read")
        page = self.table.pages.lines[anchor.band.main].page
        strip, head = self.table.strip(row, leaf, page), self.table.pages.heads.get(page)
        told = self.roles.told(leaf, row, page)
        if strip is None and (head is None or leaf not in head.leaves):
            seen = self._look_by_order(row, leaf, anchor, sort)
        elif told is False:
            seen = Look("the table's head gives the column to another field", misplaced=True)
        else:
            sure = told is True or (strip is not None and strip.rows >= SURE_COLUMN)
            seen = self._look_in_column(row, leaf, anchor, strip, head)
            seen = replace(seen, column=1.0 if sure else 0.7)
        if seen.likeness == "equal" and told is not True:
            seen = self._without_head(seen, row, leaf, page)
        return replace(seen, page=page, anchored=min(1.0, anchor.share), ambiguous=anchor.ambiguous)

    def _without_head(self, seen: Look, row: int, leaf: str, page: int) -> Look:
        """An equal value counts only as far as something else than the claim says whose its column is."""
        if self.roles.misplaced(leaf, row, page):
            why = "the rows' rule holds with its column and another one exchanged"
            return replace(seen, column=0.0, reason=why, misplaced=True)
        if fill_row(leaf, row) in self.roles.rules.failing:
            return replace(seen, column=0.0, reason="a rule of its row fails, and no head tells its column")
        if self.table.strip(row, leaf, page) is None:
            return seen
        sure = self.roles.sure(leaf, row, page)
        return (
            seen if sure == BY_RULE else replace(seen, column=sure, reason="" if sure else "no head tells its column")
        )

    def _look_in_column(self, row: int, leaf: str, anchor: Anchor, strip: Strip | None, head: Head | None) -> Look:
        sort = sort_of(self.table.rows[row][leaf], self.table.pages.leaves[leaf])
        looks = [
            look
            for at in self._places(anchor.band, strip)
            if (look := self._look_at_line(row, leaf, at, strip, head, sort)) is not None
        ]
        if sort == "text":
            return self._text_in_band(row, leaf, anchor, strip) or next(iter(looks), Look("its column is empty"))
        read = [look for look in looks if look.likeness is not None]
        return next(iter(read or looks), Look("nothing stands in its column"))

    def _places(self, band: Band, strip: Strip | None) -> list[int]:
        """The lines on which the cell may stand, the likeliest first."""
        usual = band.main + (strip.below if strip else 0)
        lines = self.table.pages.lines
        there = 0 <= usual < len(lines) and lines[usual].page == lines[band.main].page
        return [*([usual] if there else []), *(at for at in range(band.first, band.last) if at != usual)]

    def _look_at_line(
        self, row: int, leaf: str, at: int, strip: Strip | None, head: Head | None, sort: Sort
    ) -> Look | None:
        within = self._within(row, leaf, at, strip, head)
        if not within:
            return None
        text = " ".join(w.text for w in within)
        if sort == "text":
            return Look("", "different", text, text, words=tuple(within))
        if sort == "identifier":
            return self._compared(row, leaf, within)
        forms = [f for f in self._forms(at, sort) if any(w in within for w in f.line.words[f.first : f.last])]
        if len(forms) > 1 and strip:
            forms = [min(forms, key=lambda f: strip.distance(f.x0, f.x1, f.line))]
        if len(forms) != 1:
            return Look("no value can be read in its column", printed=text, words=tuple(within))
        return self._likened(row, leaf, forms[0])

    def _forms(self, at: int, sort: Sort) -> list[Form]:
        return [form for form in self.table.pages.forms[at] if (form.value is None) == (sort == "date")]

    def _within(self, row: int, leaf: str, at: int, strip: Strip | None, head: Head | None) -> list[Word]:
        """The words of a line that stand in the leaf's column."""
        line = self.table.pages.lines[at]
        if strip is None:
            if head is None:
                return []
            number = next(i for i, c in enumerate(head.columns) if c.leaf and c.leaf.pointer == leaf)
            cell = line_to_cells(line, head.columns).get(number)
            return list(cell.words) if cell else []
        if sort_of(self.table.rows[row][leaf], self.table.pages.leaves[leaf]) == "text":
            reach = REACH * line.height * line.aspect
            return [w for w in line.words if strip.x0 - reach <= w.box.x0 and w.box.x1 <= strip.x1 + reach]
        pieces = [(f.first, f.last) for f in self.table.pages.forms[at]]
        taken = {i for first, last in pieces for i in range(first, last)}
        pieces += [(i, i + 1) for i in range(len(line.words)) if i not in taken]
        rivals = [
            other
            for name in self.table.pages.leaves
            if name != leaf and (other := self.table.strip(row, name, line.page)) and other.below == strip.below
        ]
        found: list[Word] = []
        for first, last in sorted(pieces):
            x0, x1 = line.words[first].box.x0, line.words[last - 1].box.x1
            far = strip.distance(x0, x1, line)
            if far <= REACH and all(far <= rival.distance(x0, x1, line) for rival in rivals):
                found += line.words[first:last]
        return found

    def _likened(self, row: int, leaf: str, form: Form) -> Look:
        value = self.table.rows[row][leaf]
        words = form.line.words[form.first : form.last]
        if form.value is None:
            orders = self.table.pages.leaves[leaf].date_order or self.table.pages.sight.doctype.date_order
            order = self.table.pages.sight.sheet.date_order
            likely = {date_likeness(str(value), meant, order, orders) for meant in form.open or (form.meant,)}
            part = bool(form.open) and likely != {"different"}
            likeness: Likeness = "compatible" if part else likely.pop()
            return Look(
                "its year is not printed" if part else "", likeness, form.days, form.printed, words=words, part=part
            )
        return Look("", self._number_likeness(row, leaf, Decimal(value), form), form.value, form.printed, words=words)

    def _number_likeness(self, row: int, leaf: str, claim: Decimal, form: Form) -> Likeness:
        """Where all rows turn the printed sign, that is equal if something else than the claim says that it may."""
        sign = self.table.pages.sight.sheet.decimal_sign
        if not self.table.examples[leaf].turned:
            return _likeness(claim, form.printed, sign)
        likeness = _likeness(-claim, form.printed, sign)
        told = self.roles.told(leaf, row, form.line.page) is True
        return "compatible" if likeness == "equal" and not self.roles.may_turn(leaf, headed=told) else likeness

    def _compared(self, row: int, leaf: str, words: Sequence[Word]) -> Look:
        """One token of those in the column, or all of them, may be the identifier."""
        value, text = str(self.table.rows[row][leaf]), " ".join(w.text for w in words)
        whole = identifier_in(value, text)
        likeness = "equal" if whole else identifier_likeness(value, text)
        return Look("", likeness, key_of(text), text[slice(*whole)] if whole else text, words=tuple(words))

    def _text_in_band(self, row: int, leaf: str, anchor: Anchor, strip: Strip | None) -> Look | None:
        """The text in the row's lines if it begins in its column.

        Lines that are the row's by this text alone count where a part of it stands on another line of the row, or
        where no column is known and they hold no numbers: else it may be the next row's.
        """
        band, places = self.table.bands[row] or anchor.band, self._places(anchor.band, strip)
        whole = replace(band, first=min(band.first, *places), last=max(band.last - 1, *places) + 1)
        value = str(self.table.rows[row][leaf])
        for words in (self.table.text_words(row, whole), self.table.band_words(whole)):
            found = text_alignment(value, [word.text for _, _, word in words])
            if not found.span or found.likeness == "different":
                continue
            lines = {at for at, _, _ in words[slice(*found.span)]}
            if not lines.intersection(places) and (strip or any(self.table.pages.forms[at] for at in lines)):
                continue
            seen = tuple(word for _, _, word in words[slice(*found.span)])
            line = self.table.pages.lines[min(lines)]
            if strip is None or abs(seen[0].box.x0 - strip.x0) / line.aspect / line.height <= 2 * REACH:
                return self._filled(
                    row, found.likeness, [(at, word) for at, _, word in words[slice(*found.span)]], anchor
                )
        return None

    def _filled(self, row: int, likeness: Likeness, run: Sequence[tuple[int, Word]], anchor: Anchor) -> Look:
        """A text that leaves out much of its cell is another one; of what goes on below it is only a part."""
        seen = tuple(word for _, word in run)
        text = " ".join(word.text for word in seen)
        own, below = text_cell(self.table, row, run, anchor.band)
        if size_of(seen) < FILLS * size_of(own):
            whole = " ".join(word.text for word in own)
            return Look(f"its row reads more: {whole}", "compatible", letters(whole), whole, words=tuple(own))
        if size_of(seen) < FILLS * size_of([*own, *below]):
            return Look("what its row reads goes on below", "compatible", letters(text), text, words=seen, part=True)
        return Look("", likeness, text, text, words=seen)

    def _look_by_order(self, row: int, leaf: str, anchor: Anchor, sort: Sort) -> Look:
        """No column is known: the value is where it should be if it stands once in the row's lines, and numbers and
        dates without a column in the order of their leaves. Enough to confirm, never to contradict."""
        unknown = Look("its column is not known")
        if sort in ("number", "date"):
            own = self._only_equal(row, leaf, anchor.band, sort)
            in_place = own is not None and self._in_order(row, leaf, own, anchor.band, sort)
            return replace(self._likened(row, leaf, own), column=0.5) if own and in_place else unknown
        places = list(
            self.table.equal_places(row, self.table.bands[row] or anchor.band, self.table.rows[row][leaf], sort)
        )
        if len(places) != 1:
            return unknown
        line, first, last, _ = places[0]
        found = self._compared(row, leaf, self.table.pages.lines[line].words[first:last])
        seen = found if sort == "identifier" else self._text_in_band(row, leaf, anchor, None)
        return replace(seen, column=0.5) if seen else unknown

    def _in_order(self, row: int, leaf: str, own: Form, band: Band, sort: Sort) -> bool:
        """Whether the row's values without a column stand on one line in the order of their leaves, and this one in
        nobody's column. A price has decimals, so that "6.90 x 2" does not pass for 6.9 pieces at 2."""
        leaves = self.table.pages.leaves
        if any(self._in_column(row, name, own) for name in leaves):
            return False
        if own.value is not None and not own.decimals and leaves[leaf].kind == "money":
            return False
        equal = {name: form for name in self.table.rows[row] if (form := self._only_equal(row, name, band, sort))}
        placed = [form for name, form in equal.items() if not self._in_column(row, name, form)]
        firsts = [form.first for form in placed]
        if any(form.line is not own.line for form in placed) or firsts != sorted(set(firsts)):
            return False
        return len(placed) > 1 or self._closes_row(leaf, own, band)

    def _in_column(self, row: int, leaf: str, form: Form) -> bool:
        """Whether a form stands in the column that was learnt for a leaf."""
        strip = self.table.strip(row, leaf, form.line.page)
        return strip is not None and strip.distance(form.x0, form.x1, form.line) <= REACH

    def _closes_row(self, leaf: str, own: Form, band: Band) -> bool:
        """The last amount of the table's leaves, as the only amount of the row, last in its line; or a lone date."""
        forms = [form for at in range(band.first, band.last) for form in self.table.pages.forms[at]]
        if own.value is None:
            return sum(form.value is None for form in forms) == 1
        money = [pointer for pointer, known in self.table.pages.leaves.items() if known.kind == "money"]
        amounts = [form for form in forms if form.value is not None and form.decimals]
        return leaf in money[-1:] and amounts == [own] and own is [f for f in forms if f.line is own.line][-1]

    def _only_equal(self, row: int, leaf: str, band: Band, sort: Sort) -> Form | None:
        """The one form in the band that is equal to a cell of this sort."""
        if sort_of(self.table.rows[row][leaf], self.table.pages.leaves[leaf]) != sort:
            return None
        forms = [form for at in range(band.first, band.last) for form in self._forms(at, sort)]
        equal = [form for form in forms if self._likened(row, leaf, form).likeness == "equal"]
        return equal[0] if len(equal) == 1 else None


@lru_cache(maxsize=1 << 16)
def _likeness(value: Decimal, printed: str, decimal_sign: str | None) -> Likeness:
    return number_likeness(value, printed, decimal_sign)
