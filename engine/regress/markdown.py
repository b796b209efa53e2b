"""The report as Markdown fit for a pull request: what changed in few lines, the rest folded away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from engine.as_text import one_line
from engine.regress.changes import Change
from engine.regress.report import Report
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

MOST_ROWS = 100
"""Rows of a folded table. GitHub takes comments of 65 536 characters; a row is some hundred."""
LONGEST = 120  # characters of a value
_STEERS = re.compile(r"""[^\w\s.,;:/%–→()"'=+?-]|:(?=\S)|(?<!\w)_|_(?!\w)|(?<=www)\.""")
"""All but what is known to mean nothing to GitHub."""
MARKS = {"worse": "🔴", "changed": "🟡", "better": "🟢"}


def report_to_markdown(report: Report) -> str:
    """GitHub's Markdown. No text of a document can end a cell or a fold, become a link, or call on somebody."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"### {'✅' if report.as_expected else '❌'} engine regress: {escaped(headline(report))}"
    yield ""
    if report.sentences:
        yield from (f"- {MARKS[told.effect]} {told.effect}: {escaped(told.words)}" for told in report.sentences)
        yield ""
    if lines := closing(report):
        yield from (f"- {escaped(line)}" for line in lines)
        yield ""
    rows = [(name, escaped(now), escaped(before or "the same")) for name, now, before in figures(report)]
    if report.then is None:
        yield from _table(("", "now"), [row[:2] for row in rows])
    else:
        yield from _table(("", "now", "before"), rows)
    if changes := report.changes:
        told = [
            (MARKS[c.effect], code(c.case), code(place(c)), code(c.kind), code(moved(c))) for c in _worst_first(report)
        ]
        yield from _folded(f"Changes ({len(changes)})", _table(("", "case", "where", "what", "change"), told))
    unnoticed = [(code(case.case), code(words)) for case in report.mutated for words in case.unnoticed]
    if unnoticed:
        yield from _folded(f"Unnoticed alterations ({len(unnoticed)})", _table(("case", "alteration"), unnoticed))
    every, changed = all_counts(report), changed_counts(report)
    for title, counts in (("Fields that changed", changed if changed != every else []), ("All fields", every)):
        if counts:
            cells = [
                (escaped(now.type or "no type"), code(now.leaf) or "all", *count_cells(now, then))
                for now, then in counts
            ]
            yield from _folded(f"{title} ({len(counts)})", _table(("type", "field", *COUNT_HEADS), cells))


def _worst_first(report: Report) -> Iterable[Change]:
    return (change for sentence in report.sentences for change in sentence.changes)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(row)} |" for row in rows[:MOST_ROWS]]
    return [*lines, *([f"\nand {len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else []), ""]


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "</details>", ""]


def escaped(text: str) -> str:
    """*text* as plain words: what means something to Markdown or HTML is written as a character reference, and a link
    that GitHub would make by itself is broken up."""
    short = text if len(text) <= LONGEST * 2 else text[: LONGEST * 2 - 1] + "…"
    return re.sub(_STEERS, _reference, one_line(short))


def code(text: str) -> str:
    """*text* as code, in which GitHub makes no mentions either; nothing of nothing."""
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"<code>{escaped(short)}</code>" if text else ""


def _reference(match: re.Match[str]) -> str:
    """A mark that makes a mention or an issue's number is followed by a space of no width."""
    return f"&#{ord(match.group())};" + ("&#8203;" if match.group() in "@#" else "")
