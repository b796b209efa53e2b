"""Pages with a critical value in doubt, read by the second OCR engine too, and both readings put together.

One reader is seldom sure of every critical value. On receipts the second engine reads many numbers that Tesseract
loses, at about the same cost, so it is asked where that is worth it, and not of every page (DESIGN.md).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from engine.decide import doubts
from engine.doctype import DocumentType
from engine.ocr.both import together
from engine.page import Reading
from engine.result import Result
from engine.witness.second_look import SecondLook, read_twice

MOST = 10  # pages that are read again for a critical value that was found nowhere


def doubted_pages(
    result: Result, doctype: DocumentType, readings: Sequence[Reading], answered: Collection[int]
) -> list[Reading]:
    """The pages read by OCR that hold a critical value in doubt; the first ones where it was found on none.

    ``answered`` are the pages that a model has told the values of.
    """
    by_ocr = [r for r in readings if r.source == "ocr" and r.words and r.page not in answered and not read_twice(r)]
    fields = [result.fields.get(pointer) for pointer in doubts(doctype, result.fields)]
    found = {field.page for field in fields if field is not None and field.page is not None}
    lost = any(field is None or field.value is None for field in fields)
    return [reading for reading in by_ocr if reading.page in found or (lost and reading in by_ocr[:MOST])]


def read_together(readings: Sequence[Reading], doubted: Sequence[Reading], look: SecondLook) -> tuple[Reading, ...]:
    """The readings, those of doubted pages with what both engines read."""
    again = look(doubted)
    return tuple(
        replace(reading, words=together(reading.words, again[reading.page].words)) if reading.page in again else reading
        for reading in readings
    )
