"""Tables to the rows of an array: heads give columns, key cells begin rows, closing labels end tables.

Read in this order: columns (heads, and words to columns), cells (values), tables (what the type says of
them), unlabelled (columns told by what they hold), this file (which lines are rows), slips (rows without a
head).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from engine.claim import Claim
from engine.doctype import DocumentType
from engine.label.anchors import letters
from engine.label.candidates import clean_text
from engine.label.cells import Cell, Notation, layout_to_notation
from engine.label.columns import Head, Place, line_to_cells, lines_to_heads
from engine.label.features import Layout
from engine.label.lines import Line
from engine.label.slips import Amounts, lines_to_slip_rows
from engine.label.tables import Row, Table, doctype_to_tables, rows_to_outcomes
from engine.label.unlabelled import complete_head, read_cells
from engine.page import Word
from engine.result import FieldSource
from engine.values.dates import dates_in
from engine.values.numbers import numbers_in

CARRIED = re.compile(r"\b(brought|carried)\W*(forward|over|down)|\b[bc]/[fd]\b|übertrag", re.IGNORECASE)
CLOSING = re.compile(r"^\W*(sub\W*|grand\W*|net\W*)?(totals?|summe|gesamt)\b", re.IGNORECASE)
BREAK = 6.0  # letter heights between two lines from which the table is over
WRAPPED = 1.1  # letter heights between two lines of one description at the most
MOST = 3  # such lines in one row
BESIDE = 0.3  # vertical overlap from which two lines are one that was torn, if their words stand clear
USUAL = 99  # last rows that tell how many numbers and dates a row has
LOOK = 30  # lines below a head that tell what its unknown columns hold
SAME_HEAD = 0.65  # share of common leaves from which two heads are of one table


def lines_to_rows(layout: Layout, doctype: DocumentType, source: Mapping[int, FieldSource]) -> tuple[Claim, ...]:
    """Claims for every row of every array of objects, numbered through all pages.

    Confidence is not yet fitted: the least sure word of the cell, times 0.97 under a head and 0.75 without;
    where a rule over the row holds, its doubt is cut to a third, where it fails its confidence is halved.
    """
    notation = layout_to_notation(layout)
    claims: list[Claim] = []
    for table in doctype_to_tables(doctype):
        reader = Reader(layout, table, notation, doctype.date_order or "dmy")
        rows = reader.headed_rows() or reader.slip_rows()
        claims.extend(rows_to_claims(rows, table, source))
    return tuple(claims)


@dataclass
class Growing:
    """A row while its lines are collected: its description may go on, or came before."""

    cells: dict[str, Cell]
    last: Line
    more: int = 0  # lines that its description went on for


@dataclass
class Found:
    """The rows of a table so far. ``before``: lines of text that may belong to the row to come.

    ``firm`` counts the numbers and dates of the last rows: of all, a long table would take quadratic time.
    """

    rows: list[Growing] = field(default_factory=list)
    before: list[Line] = field(default_factory=list)
    firm: deque[int] = field(default_factory=lambda: deque(maxlen=USUAL))
    texts_lead: bool = False  # descriptions stand above their numbers


@dataclass(frozen=True, slots=True)
class Reader:
    """One table of one document. ``order`` is the order of numeric dates where the document does not tell."""

    layout: Layout
    table: Table
    notation: Notation
    order: str

    def headed_rows(self) -> tuple[Row, ...]:
        """The rows under the heads with most of the leaves; heads of other tables are left alone.

        Heads alike are tried together and once: each try is a walk through the whole document.
        """
        heads = [self._completed(head) for head in lines_to_heads(self.layout, self.table.leaves, self.table.others)]
        whole = [head for head in heads if len(head.leaves) >= (3 if head.weak else 2)]
        tried: list[Head] = []
        for best in sorted(whole, key=lambda head: -len(head.leaves)):
            if any(self._alike(best, head) for head in tried):
                continue
            tried.append(best)
            rows = self._under({(h.line.page, h.line.index): h for h in whole if self._alike(h, best)})
            if rows:
                return rows
        return ()

    def slip_rows(self) -> tuple[Row, ...]:
        """Rows without a head, of short documents only: on a long one they would be found by chance."""
        money = [leaf.pointer for leaf in self.table.leaves if leaf.kind == "money"]
        if not money or not self.table.text or len(self.layout.pages) > 2:
            return ()
        named = {leaf.name: leaf.pointer for leaf in self.table.leaves}
        names = Amounts(self.table.text.pointer, money[-1], named.get("quantity"), named.get("unit_price"))
        lines = [line for page in self.layout.pages for line in self._lines(page) if not self._is_head(line)]
        rows = lines_to_slip_rows(lines, names, self.notation.decimal_sign, self._closes)
        return tuple(Row(cells, headed=False) for cells in rows)

    def _completed(self, head: Head) -> Head:
        lines = [line for line in self._lines(head.line.page) if line.index > head.line.index][:LOOK]
        return complete_head(head, lines, self.table, self.notation, self.order)

    def _lines(self, page: int) -> Iterator[Line]:
        """The page's lines, torn ones mended."""
        lines = (self.layout.line_at(page, index) for index in range(self.layout.rows_of[page]))
        held: Line | None = None
        for line in filter(None, lines):
            if held and _torn(held, line):
                held = replace(held, words=tuple(sorted((*held.words, *line.words), key=lambda w: w.box.x0)))
                continue
            if held:
                yield held
            held = line
        if held:
            yield held

    def _alike(self, a: Head, b: Head) -> bool:
        """Heads of one table: the same key, and most of the leaves."""
        same_key = self.table.keys(a.leaves) == self.table.keys(b.leaves)
        return same_key and len(a.leaves & b.leaves) >= SAME_HEAD * len(a.leaves | b.leaves)

    # --- which lines are rows ---

    def _under(self, heads: Mapping[Place, Head]) -> tuple[Row, ...]:
        """The rows under these heads, page by page. A page without a head goes on with the columns before,
        unless the table was closed; on a page with one, nothing above it counts."""
        found, head, closed = Found(), None, False
        headed = {page for page, _ in heads}
        for page in self.layout.pages:
            off, above = closed or page in headed, None
            for line in self._lines(page):
                if here := heads.get((page, line.index)):
                    head, off, above = here, False, line
                elif head and not off:
                    off = closed = self._ends(line, above, head, found)
                    if not off:
                        self._take(line, head, found, continued=page not in headed)
                    above = line
            found.before.clear()
            closed = closed and off
        return tuple(Row(row.cells) for row in found.rows)

    def _ends(self, line: Line, above: Line | None, head: Head, found: Found) -> bool:
        if not found.rows:
            return False
        if above and _gap(above, line) > BREAK:
            return True
        carried = CARRIED.search(line.text) or self._full(self._read(line, head))
        return not carried and self._closes(line)

    def _closes(self, line: Line) -> bool:
        """The label of a leaf outside the array begins a cell and an amount follows: Total, Tax, Paid."""
        numbers = numbers_in(line.text, self.notation.decimal_sign)
        if CLOSING.search(line.text) and numbers:
            return True
        amounts = [n for n in numbers if n.decimals or n.sign_printed]
        if not amounts:
            return False
        return any(
            _leads_cell(line, first, last) and line.starts[last - 1] < amounts[-1].start
            for leaf, first, last in self._labels(line)
            if not leaf.startswith(self.table.array + "/")
        )

    def _labels(self, line: Line) -> Iterator[tuple[str, int, int]]:
        """Leaf, first and last word of the labels in a line, a mended one too."""
        at = {id(word): i for i, word in enumerate(line.words)}
        for anchor in self.layout.anchors_of[line.page]:
            first = at.get(id(anchor.line.words[anchor.first]))
            if first is not None:
                yield anchor.leaf, first, min(first + anchor.last - anchor.first, len(line.words))

    def _read(self, line: Line, head: Head) -> dict[str, Cell]:
        return read_cells(line_to_cells(line, head.columns), head.columns, self.notation, self.order)

    def _full(self, cells: Mapping[str, Cell]) -> bool:
        """So many numbers and dates, the key among them, that it is a row whatever words it begins with."""
        firm = self.table.firm(cells)
        key = bool(self.table.keys(frozenset(cells)) - self.table.running)
        return key and (len(firm) >= 3 or (len(firm) == 2 and any(leaf.kind == "date" for leaf in firm)))

    def _take(self, line: Line, head: Head, found: Found, continued: bool) -> None:
        """Add the line to the rows: it begins one, goes on with one, or is none of the table's."""
        cells = self._read(line, head)
        if self._is_text(line, cells, head):
            self._go_on(line, head, found)
        elif self._begins(line, cells, head, found, continued):
            self._begin(line, cells, found)
        else:
            found.before.clear()

    def _is_text(self, line: Line, cells: Mapping[str, Cell], head: Head) -> bool:
        """Words and no values; a number within one phrase is a part of it ("SCREW M4 100")."""
        keys = self.table.keys(head.leaves)
        wordy = sum(map(str.isalpha, line.text)) >= 2 and not self._is_head(line)
        return wordy and not keys & cells.keys() and (not self.table.firm(cells) or len(line.cells) == 1)

    def _begins(self, line: Line, cells: Mapping[str, Cell], head: Head, found: Found, continued: bool) -> bool:
        """A value in a key column, and not much less beside it than in the rows before."""
        if CARRIED.search(line.text) or not self.table.keys(head.leaves) & cells.keys():
            return False
        usual = median(found.firm or [0])
        firm = len(self.table.firm(cells))
        return 2 * firm >= usual and len(cells) >= 2 and (not continued or firm >= usual - 1)

    def _begin(self, line: Line, cells: dict[str, Cell], found: Found) -> None:
        text = self.table.text
        wordless = text is not None and not _has_words(cells.get(text.pointer))
        if not found.rows:
            found.texts_lead = wordless and bool(found.before)
        if text and wordless and found.texts_lead and found.before:
            cells[text.pointer] = _joined([_as_cell(before) for before in found.before[-2:]])
        found.rows.append(Growing(cells, line))
        found.firm.append(len(self.table.firm(cells)))
        found.before.clear()

    def _go_on(self, line: Line, head: Head, found: Found) -> None:
        """A line of text alone: the description's next line, or the first of the row to come."""
        row = found.rows[-1] if found.rows else None
        text = self.table.text
        if text is None or row is None or found.texts_lead or not self._follows(line, row, head):
            found.before.append(line)
            return
        own = row.cells.get(text.pointer)
        parts = [own] if own and _has_words(own) else []
        row.cells[text.pointer] = _joined([*parts, _as_cell(line)])
        row.last, row.more = line, row.more + 1

    def _follows(self, line: Line, row: Growing, head: Head) -> bool:
        """Near below the row, and beginning about where its description begins."""
        if row.more >= MOST or row.last.page != line.page or _gap(row.last, line) > WRAPPED:
            return False
        text = self.table.text
        own = row.cells.get(text.pointer) if text else None
        columns = [c.x0 for c in head.columns if c.leaf is text]
        starts = [*columns, *([own.box.x0] if own else [row.last.box.x0])]
        reach = 3 * line.height * line.aspect
        return min(starts) - reach < line.box.x0 < max(starts) + reach

    def _is_head(self, line: Line) -> bool:
        """Hardly anything but labels of the array: a head, or a line of one."""
        if dates_in(line.text) or any(n.decimals for n in numbers_in(line.text)):
            return False
        own = [(a, b) for leaf, a, b in self._labels(line) if leaf.startswith(self.table.array + "/")]
        labelled = {i for first, last in own for i in range(first, last)}
        size = sum(len(letters(word.text)) for word in line.words)
        return sum(len(letters(line.words[i].text)) for i in labelled) > 0.4 * size


def _gap(upper: Line, lower: Line) -> float:
    """Blank between two lines, in letter heights."""
    return (lower.box.y0 - upper.box.y1) / lower.height


def _torn(upper: Line, lower: Line) -> bool:
    """Two lines at one height whose words stand clear of each other."""
    a, b = upper.box, lower.box
    shared = min(a.y1, b.y1) - max(a.y0, b.y0)
    clear = all(u.box.x1 <= v.box.x0 or v.box.x1 <= u.box.x0 for u in upper.words for v in lower.words)
    return clear and shared >= BESIDE * min(a.height, b.height)


def _leads_cell(line: Line, first: int, last: int) -> bool:
    """Whether these words begin their cell, or are most of what stands in it up to them ("TakeOut Total")."""
    start = line.cell_of(first)[0]
    before = sum(len(letters(w.text)) for w in line.words[start:first])
    return before <= max(3, sum(len(letters(w.text)) for w in line.words[first:last]))


def _has_words(cell: Cell | None) -> bool:
    return cell is not None and sum(map(str.isalpha, str(cell.value))) >= 2


def _as_cell(line: Line) -> Cell:
    return Cell(line.text, line.text, line.page, line.words)


def _joined(cells: Sequence[Cell]) -> Cell:
    words: tuple[Word, ...] = tuple(word for cell in cells for word in cell.words)
    printed = " ".join(cell.printed for cell in cells)
    return Cell(clean_text(printed), printed, cells[0].page, words)


# --- rows to claims -----------------------------------------------------------------------------------------


def rows_to_claims(rows: Sequence[Row], table: Table, source: Mapping[int, FieldSource]) -> Iterator[Claim]:
    verdicts = rows_to_verdicts(rows, table)
    for number, row in enumerate(rows):
        for leaf in table.leaves:
            if cell := row.cells.get(leaf.pointer):
                yield Claim(
                    leaf.pointer.replace("/*", f"/{number}", 1),
                    _unsigned(cell.value) if leaf.pointer in table.sparse else cell.value,
                    cell.printed,
                    cell.page,
                    cell.box,
                    _confidence(cell, row, verdicts.get((number, leaf.pointer))),
                    source[cell.page],
                    cell.ambiguous,
                )


def rows_to_verdicts(rows: Sequence[Row], table: Table) -> dict[tuple[int, str], bool]:
    """For row and leaf whether the rules that read it there hold; nothing where none is applicable."""
    verdicts: dict[tuple[int, str], bool] = {}
    for rule in table.rules:
        read = {pattern for pattern, _ in rule.names.values() if pattern.startswith(table.array + "/")}
        for number, holds in enumerate(rows_to_outcomes(rows, table, rule)):
            if holds is not None:
                verdicts |= {(number, at): holds and verdicts.get((number, at), True) for at in read}
    return verdicts


def _unsigned(value: Any) -> Any:
    """What was taken out is written 12.50, -12.50 or 12.50-, and its column says already that it was."""
    return value if isinstance(value, str) else abs(value)


def _confidence(cell: Cell, row: Row, verdict: bool | None) -> float:
    plain = cell.confidence * (0.97 if row.headed else 0.75)
    if verdict is None:
        return plain
    return 1 - (1 - plain) / 3 if verdict else plain / 2
