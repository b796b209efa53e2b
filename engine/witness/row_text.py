"""The whole of a text cell, where a run of its words was found: beside the run, on its row's lines, and below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from engine.label.anchors import letters
from engine.label.lines import Line, bounding
from engine.page import Box, Word
from engine.witness.row_alignment import Band
from engine.witness.row_columns import REACH
from engine.witness.row_table import PlacedTable

WRAPPED = 1.1  # letter heights between two lines of one description at the most
MOST = 3  # lines that a description goes on for


def text_cell(
    table: PlacedTable, row: int, run: Sequence[tuple[int, Word]], band: Band
) -> tuple[list[Word], list[Word]]:
    """The words of the cell on the row's lines, and those that it seems to go on with below. The words of ``run`` come
    with their lines; what stands in other columns, and numbers of the row, do not count."""
    box = bounding([word for _, word in run])
    lines = sorted({at for at, _ in run} | set(range(band.first, band.last)))
    whole = Band(lines[0], lines[-1] + 1, band.main)
    free = {(at, i) for at, i, _ in table.text_words(row, whole)}
    found = {id(word): word for _, word in run}
    for at in lines:
        line = table.pages.lines[at]
        for first, last in _over(line, box):
            found |= {id(line.words[i]): line.words[i] for i in range(first, last) if (at, i) in free}
    own = [word for at in lines for word in table.pages.lines[at].words if id(word) in found]
    return own, list(chain.from_iterable(_below(table, row, run[-1][0], box)))


def _over(line: Line, box: Box) -> Iterator[tuple[int, int]]:
    """The cells of a line that stand over or under a box."""
    for first, last in line.cells:
        if min(box.x1, line.words[last - 1].box.x1) > max(box.x0, line.words[first].box.x0):
            yield first, last


def _below(table: PlacedTable, row: int, last: int, box: Box) -> Iterator[Sequence[Word]]:
    """Lines of words alone that follow closely, begin where the text does, and are no other row's."""
    lines, taken = table.pages.lines, table.taken
    for at in range(last + 1, min(last + 1 + MOST, len(lines))):
        above, line = lines[at - 1], lines[at]
        near = line.page == above.page and line.box.y0 - above.box.y1 < WRAPPED * line.height
        begins = abs(line.box.x0 - box.x0) <= REACH * line.height * line.aspect
        alone = any((form.first, form.last) in line.cells for form in table.pages.forms[at])
        if not near or not begins or alone or len(line.cells) > 1 or taken.get(at, row) != row:
            return
        yield line.words


def size_of(words: Sequence[Word]) -> int:
    """Letters and digits."""
    return sum(len(letters(word.text)) for word in words)
