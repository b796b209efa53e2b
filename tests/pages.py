"""Readings typed as text: one string a row, monospaced, so that columns in the text are columns on the page."""

from __future__ import annotations

from collections.abc import Sequence

from engine.page import Box, Reading, Word

WIDTH, ROWS = 80, 60


def typed_reading(text: str, page: int = 1, confidence: float = 0.96) -> Reading:
    """A page of 80 columns and 60 rows; leading newline and common indentation don't count."""
    rows = text.strip("\n").split("\n")
    indent = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
    words = [word for number, row in enumerate(rows) for word in row_to_words(row[indent:], number, confidence)]
    return Reading(page, 850, 1100, 100.0, 0, "ocr", tuple(words), {"handwriting": 0.0, "table": 0.0, "ink": 0.05})


def row_to_words(row: str, number: int, confidence: float) -> Sequence[Word]:
    words, at = [], 0
    for text in row.split():
        at = row.index(text, at)
        top = (number + 0.15) / ROWS
        words.append(Word(text, Box(at / WIDTH, top, (at + len(text)) / WIDTH, top + 0.7 / ROWS), confidence, number))
        at += len(text)
    return words
