"""The report for a person at a terminal: what changed first, then the figures. No colour where nobody sees it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.as_text import one_line
from engine.regress.report import Report
from engine.regress.sentences import Sentence
from engine.regress.summary import Counts
from engine.regress.words import (
    COUNT_HEADS,
    all_counts,
    changed_counts,
    closing,
    count_cells,
    figures,
    headline,
    moved,
    place,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

SHOWN = 5  # changes below a sentence; --json has them all
PIPED_WIDTH = 10_000  # columns where there is no terminal: a line is folded by whoever shows it, and found by grep
COLOURS = {"worse": "red", "changed": "yellow", "better": "green"}


def report_to_text(report: Report, *, every_field: bool = False) -> str:
    """The report as lines, coloured and fitted where stdout is a terminal. ``every_field``: in the table, also those
    that stayed as they were."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPED_WIDTH
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        for part in _parts(report, every_field):
            console.print(part)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _parts(report: Report, every_field: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(headline(report), style="bold")
    if report.sentences:
        yield ""
    for sentence in report.sentences:
        yield _heading(sentence)
        yield _members(sentence)
    counts = all_counts(report) if every_field else changed_counts(report)
    if counts:
        yield ""
        yield _table(counts)
    yield ""
    yield _figures(report)
    if lines := closing(report):
        yield ""
    for line in lines:
        yield Text(one_line(line))
    for case in report.mutated:
        for words in case.unnoticed:
            yield Text(one_line(f"  {case.case}: {words}"), style="red")


def _heading(sentence: Sentence) -> RenderableType:
    from rich.text import Text

    return Text.assemble((f"{sentence.effect:<8}", COLOURS[sentence.effect]), one_line(sentence.words))


def _members(sentence: Sentence) -> RenderableType:
    from rich.padding import Padding

    table = _grid()
    for change in sentence.changes[:SHOWN]:
        table.add_row(*map(one_line, (change.case, place(change), moved(change))))
    more = len(sentence.changes) - SHOWN
    if more > 0:
        table.add_row(f"and {more} more", "", "")
    return Padding(table, (0, 0, 0, 8))


def _table(counts: list[tuple[Counts, Counts | None]]) -> RenderableType:
    table = _grid(header=True)
    for name in ("type", "field", *COUNT_HEADS):
        table.add_column(name, justify="left" if name in ("type", "field") else "right", overflow="fold")
    for now, then in counts:
        table.add_row(*map(one_line, (now.type or "no type", now.leaf or "all")), *count_cells(now, then))
    return table


def _figures(report: Report) -> RenderableType:
    table = _grid()
    for name, told, was in figures(report):
        table.add_row(name, told + (f"\nbefore: {was}" if was else ""))
    return table


def _grid(*, header: bool = False) -> Table:
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=header, header_style="dim")
