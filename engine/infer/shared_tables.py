"""Tables that samples share: a head that nearly all have, with rows of figures below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from engine.infer.common import NEARLY_ALL, Run, is_label, line_to_runs
from engine.label.columns import Column, line_to_cells
from engine.label.lines import Line, bounding
from engine.values.numbers import numbers_in

LEAST_COLUMNS = 3  # labels side by side that make the head of a table, if figures stand below
ALIKE = 85  # likeness, 0..100, of two heads that are one misread
# first settings both


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one head, and the cells of its rows in each sample."""

    labels: tuple[str, ...]
    samples: tuple[tuple[Mapping[int, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The index of its line, the columns' labels and what is compared of it."""

    at: int
    runs: tuple[Run, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(run.text for run in self.runs)

    @property
    def key(self) -> str:
        return " ".join(run.key for run in self.runs)


def shared_tables(samples: Sequence[Sequence[Line]], common: frozenset[str]) -> tuple[list[Table], list[set[int]]]:
    """Heads that nearly all samples have, and by sample the indices of the lines of tables."""
    heads = [list(_heads(lines, common)) for lines in samples]
    kinds: dict[str, list[Head | None]] = {}
    for number, each in enumerate(heads):
        for head in each:
            key = process.extractOne(head.key, list(kinds), scorer=fuzz.ratio, score_cutoff=ALIKE)
            of_kind = kinds.setdefault(key[0] if key else head.key, [None] * len(samples))
            of_kind[number] = of_kind[number] or head
    tables: list[Table] = []
    taken = [set[int]() for _ in samples]
    for of_kind in kinds.values():
        there = [head for head in of_kind if head]
        usual = Counter(head.labels for head in there).most_common(1)[0][0]
        same = [head if head and len(head.labels) == len(usual) else None for head in of_kind]
        cells = [dict(_rows(lines, head)) if head else {} for lines, head in zip(samples, same, strict=True)]
        full = [each for each in cells if each]
        if len(full) < max(2, NEARLY_ALL * len(samples)) or sum(map(len, full)) <= len(full):
            continue  # of one row each: labels above their values
        tables.append(Table(usual, tuple(tuple(each.values()) for each in cells)))
        for own, found, rows in zip(taken, same, cells, strict=True):
            own.update([found.at] if found else [], rows)
    return tables, taken


def _heads(lines: Sequence[Line], common: frozenset[str]) -> Iterator[Head]:
    """Lines without figures that are labels side by side; one in three may be misread."""
    for at, line in enumerate(lines):
        runs = tuple(line_to_runs(line, common))
        known = sum(map(is_label, runs))
        if len(runs) >= LEAST_COLUMNS and 3 * known >= 2 * len(runs) and not any(map(str.isdigit, line.text)):
            yield Head(at, runs)


def _rows(lines: Sequence[Line], head: Head) -> Iterator[tuple[int, dict[int, str]]]:
    """Index and cells of the lines below a head, as long as they have figures in two of its columns."""
    columns = [Column(None, box.x0, box.x1) for box in (bounding(run.words) for run in head.runs)]
    for at in range(head.at + 1, len(lines)):
        if lines[at].page != lines[head.at].page:
            return
        cells = {number: cell.text for number, cell in line_to_cells(lines[at], columns).items()}
        if sum(any(map(str.isdigit, text)) for text in cells.values()) >= 2:
            yield at, cells
        elif numbers_in(lines[at].text) or len(cells) > 1:  # a total; else a description that goes on
            return
