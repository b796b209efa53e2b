"""Results, readings and routes as lines for a person at a terminal.

What a document or a file name says is shown, never obeyed: control characters, among them the escapes that
move a cursor or retitle a window, are replaced.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.asking import Rehearsed
    from engine.page import Reading
    from engine.result import Result


def one_line(text: str) -> str:
    """*text* as printable characters of one line: spaces are plain, whatever steers is U+FFFD."""
    return "".join(char if char.isprintable() else _harmless(char) for char in text)


def safe(text: str) -> str:
    """*text* in its lines, each as :func:`one_line` has it."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def _harmless(char: str) -> str:
    return " " if unicodedata.category(char) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def readings_to_text(readings: Sequence[Reading]) -> str:
    """The words in their lines; pages under a heading where there are several."""
    pages = [_page_text(reading) for reading in readings]
    if len(readings) == 1:
        return pages[0]
    return "\n\n".join(f"--- page {reading.page} ---\n{text}" for reading, text in zip(readings, pages, strict=True))


def routes_to_text(pages: Iterable[Any]) -> str:
    """A line a page: its number, its route, the reason."""
    return columns([("page", "route", "reason"), *((str(page.page), page.route, page.reason) for page in pages)])


def plans_to_text(pages: Sequence[tuple[str, Rehearsed]], model: str) -> str:
    """A line a page that wants a model, then what it comes to. Tokens and dollars are estimates."""
    if not pages:
        return f"no page wants {model}: nothing would be sent"
    head = ("file", "page", "images", "tokens in", "tokens out", "usd", "reason")
    rows = [
        (
            name,
            str(page.plan.page),
            str(page.plan.images),
            str(page.plan.input_tokens),
            str(page.plan.output_tokens),
            "kept" if page.plan.kept else _dollars(page.plan.usd),
            page.reason if page.allowed else f"{page.reason}; over the limit, left to OCR",
        )
        for name, page in pages
    ]
    sent = [page.plan for _, page in pages if page.allowed]
    prices = [plan.usd for plan in sent]
    total = None if None in prices else sum((price for price in prices if price is not None), Decimal(0))
    tokens = f"{sum(p.input_tokens for p in sent)} tokens in and {sum(p.output_tokens for p in sent)} out"
    return f"{columns([head, *rows])}\n{model}: {len(sent)} pages, about {tokens}, {_dollars(total)}"


def _dollars(usd: Decimal | None) -> str:
    return "price unknown" if usd is None else f"${usd:.4f}"


def columns(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as lines whose cells stand under each other."""
    table = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)


def summary(result: Result, where: str) -> str:
    """One line for a finished document: status, file, doubts, and where its result is."""
    count = len(result.findings)
    findings = f"{count} finding" if count == 1 else f"{count} findings"
    return f"{result.status:<6}  {one_line(result.path)}  {findings}  {one_line(where)}"


def _page_text(reading: Reading) -> str:
    lines: dict[int, list[str]] = defaultdict(list)
    for word in reading.words:
        lines[word.line].append(word.text)
    return "\n".join(one_line(" ".join(words)) for words in lines.values())
