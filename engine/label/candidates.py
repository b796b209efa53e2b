"""What on the page could be a value of a kind: spans of words with the value they would give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.label.anchors import Anchor
from engine.label.lines import Line, bounding
from engine.page import Box, Word
from engine.values.dates import DateForm, dates_in, resolve
from engine.values.identifiers import Identifier, identifiers_in
from engine.values.numbers import CURRENCY_CODES, Number, numbers_in

ADDRESS_LINES = 7  # an address is at most this many rows high
Form = Number | DateForm | Identifier
AFTER_NAME = re.compile(r"(address|date|tel|telephone|phone|fax|e-?mail|d/b/a|dba|t/a)[.:]*", re.IGNORECASE)
AMOUNT = re.compile(r"(?<![\d.,/])\d{1,3}(,\d{3})*\.\d\d(?![\d.,/-])")
EDGE = " \t:;,.-_|*=~'\"`«»“”‘’()[]{}<>#/\\"


@dataclass(frozen=True)
class Candidate:
    """A span that could be a value. ``line`` is its first row, ``first``/``last`` its words there (half-open).

    ``form`` is the parsed number, date or identifier; ``rows`` how many rows the span covers.
    """

    value: Any
    printed: str
    words: tuple[Word, ...]
    line: Line
    first: int
    last: int
    rows: int = 1
    form: Form | None = None
    ambiguous: bool = False

    @property
    def box(self) -> Box:
        return bounding(self.words)

    @property
    def confidence(self) -> float:
        """The least sure of its words, 0..1."""
        return min(word.confidence for word in self.words)


def number_candidates(lines: Sequence[Line], decimal_sign: str | None) -> list[Candidate]:
    return [
        _spanned(line, form.start, form.end, form.value, form.printed, form)
        for line in lines
        for form in numbers_in(line.text, decimal_sign)
    ]


def currency_candidates(lines: Sequence[Line], decimal_sign: str | None) -> list[Candidate]:
    """Currencies of amounts, and codes that stand by themselves in a row with an amount ("EUR    280.97")."""
    found = []
    for candidate in number_candidates(lines, decimal_sign):
        if isinstance(candidate.form, Number) and candidate.form.currency:
            found.append(replace(candidate, value=candidate.form.currency))
    for line in lines:
        if AMOUNT.search(line.text):
            for i, word in enumerate(line.words):
                code = word.text.strip(EDGE)
                if code in CURRENCY_CODES and not any(c.line is line and c.first <= i < c.last for c in found):
                    found.append(Candidate(code, word.text, (word,), line, i, i + 1))
    return found


def date_candidates(lines: Sequence[Line], order: str | None, default: str) -> list[Candidate]:
    found = []
    for line in lines:
        for form in dates_in(line.text):
            day, ambiguous = resolve(form, order, default)
            found.append(_spanned(line, form.start, form.end, day.isoformat(), form.printed, form, ambiguous=ambiguous))
    return found


def identifier_candidates(lines: Sequence[Line]) -> list[Candidate]:
    """Identifiers; one with a sign of money right before it is ambiguous: it may begin with an S that was misread."""
    return [
        _spanned(line, form.start, form.end, form.printed, form.printed, form, ambiguous=_behind_money(line, form))
        for line in lines
        for form in identifiers_in(line.text)
    ]


def _behind_money(line: Line, form: Identifier) -> bool:
    return line.text[form.start - 1 : form.start] in ("$", "£", "€", "§")


def _spanned(
    line: Line,
    start: int,
    end: int,
    value: Any,
    printed: str,
    form: Form | None = None,
    *,
    ambiguous: bool = False,
) -> Candidate:
    first, last = line.between(start, end)
    return Candidate(value, printed, line.words[first:last], line, first, last, 1, form, ambiguous)


def text_candidates(lines: Sequence[Line], anchors: Sequence[Anchor]) -> list[Candidate]:
    """Cells, what follows a label in its cell, whole rows, and two cells under each other (a wrapped name)."""
    starts: dict[tuple[int, int], set[int]] = {}
    stops: dict[tuple[int, int], set[int]] = {}
    for anchor in anchors:
        place = (anchor.line.page, anchor.line.index)
        starts.setdefault(place, set()).add(anchor.last)
        stops.setdefault(place, set()).add(anchor.first)
    found: dict[tuple[int, int, int, int, int], Candidate] = {}
    for above, line in zip((None, *lines), lines, strict=False):
        for first, last in text_spans(line, starts.get((line.page, line.index), set())):
            _keep(found, _text(line.words[first:last], line, first, last, 1))
            for end in _ends(line, first, last, stops.get((line.page, line.index), set())):
                _keep(found, _text(line.words[first:end], line, first, end, 1))
            if above is not None and above.page == line.page:
                for top in _wrapped(above, line, first, last):
                    _keep(found, top)
    return list(found.values())


def text_spans(line: Line, after_labels: set[int]) -> Iterator[tuple[int, int]]:
    yield from line.cells
    if len(line.cells) > 1:
        yield 0, len(line.words)
    for first in after_labels:
        if first < len(line.words):
            yield first, line.cell_of(first)[1]
            yield first, len(line.words)
    for i, word in enumerate(line.words[:-1]):
        if word.text.endswith(":"):
            yield i + 1, line.cell_of(i + 1)[1]


def _ends(line: Line, first: int, last: int, labels: set[int]) -> Iterator[int]:
    """Where a name may end early: before the next label, a trading name, or a registration number as in
    ``ACME LTD (12345-X)``."""
    yield from sorted(i for i in labels if first < i < last)[:1]
    yield from [i for i in range(first + 1, last) if AFTER_NAME.fullmatch(line.words[i].text)][:1]
    for i in range(first + 1, last):
        text = line.words[i].text
        if sum(c.isdigit() for c in text) >= 3 or text.startswith(("(", "[", "{")):
            yield i
            return


def _wrapped(above: Line, line: Line, first: int, last: int) -> Iterator[Candidate]:
    """The cell above, continued by this one, when they share a left edge or a centre."""
    lower = bounding(line.words[first:last])
    for start, end in above.cells:
        upper = bounding(above.words[start:end])
        aligned = abs(upper.x0 - lower.x0) < 0.02 or abs(upper.cx - lower.cx) < 0.03
        if aligned and 0 < lower.cy - upper.cy < 2.2 * line.height:
            yield _text((*above.words[start:end], *line.words[first:last]), above, start, end, 2)


def _text(words: Sequence[Word], line: Line, first: int, last: int, rows: int) -> Candidate:
    printed = " ".join(word.text for word in words)
    return Candidate(clean_text(printed), printed, tuple(words), line, first, last, rows)


def _keep(found: dict[tuple[int, int, int, int, int], Candidate], candidate: Candidate) -> None:
    line = candidate.line
    if sum(c.isalpha() for c in candidate.value) >= 2:
        found.setdefault((line.page, line.index, candidate.first, candidate.last, candidate.rows), candidate)


def clean_text(text: str) -> str:
    """Without the punctuation and rules that hang on a cell's edges; an unclosed bracket loses its mate too."""
    text = re.sub(r"\s+", " ", text).strip(EDGE)
    if text.count("(") > text.count(")"):
        text += ")"
    return text


def address_candidates(lines: Sequence[Line]) -> list[Candidate]:
    """Blocks of one to seven rows in one column; no row of an address holds an amount, and so no table is searched."""
    found: list[Candidate] = []
    for at, line in enumerate(lines):
        if AMOUNT.search(line.text):
            continue
        for first, last in dict.fromkeys((*line.cells, (0, len(line.words)))):
            found.extend(_blocks(lines[at : at + ADDRESS_LINES], first, last))
    return found


def _blocks(lines: Sequence[Line], first: int, last: int) -> Iterator[Candidate]:
    top = lines[0]
    words = list(top.words[first:last])
    yield _text(words, top, first, last, 1)
    for rows, line in enumerate(lines[1:], start=2):
        below = _same_column(bounding(words), words[-1], line)
        if line.page != top.page or not below or AMOUNT.search(line.text):
            return
        words.extend(below)
        yield _text(words, top, first, last, rows)


def _same_column(block: Box, end: Word, line: Line) -> tuple[Word, ...]:
    """The words of ``line`` that continue the block, none if the next row is too far down or elsewhere."""
    if line.box.y0 - end.box.y1 > 1.6 * line.height:
        return ()
    cells = [
        line.words[a:b]
        for a, b in line.cells
        if min(block.x1, line.words[b - 1].box.x1) > max(block.x0, line.words[a].box.x0)
    ]
    return tuple(word for cell in cells for word in cell)


def choice_candidates(lines: Sequence[Line], phrases: Sequence[Anchor], choices: dict[str, str]) -> list[Candidate]:
    """Each place where the wording of a choice is printed; ``choices`` maps anchor leaf names to values."""
    return [
        Candidate(
            choices[anchor.leaf],
            " ".join(word.text for word in anchor.line.words[anchor.first : anchor.last]),
            anchor.line.words[anchor.first : anchor.last],
            anchor.line,
            anchor.first,
            anchor.last,
        )
        for anchor in phrases
    ]
