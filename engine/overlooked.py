"""What an extraction made elsewhere leaves out, though OCR reads it: a null claims nothing, and may be a slip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.doctype import DocumentType
from engine.label.claims import Sheet, is_single, plausible_ranking, readings_to_sheet
from engine.label.rank import shipped_model
from engine.label.rows import lines_to_rows
from engine.page import Box, Reading
from engine.result import Field, FieldSource, Finding

HEARD = 0.5  # confidence from which what OCR reads at a label is likelier right than wrong


def overlooked(fields: Mapping[str, Field], readings: Sequence[Reading], doctype: DocumentType) -> tuple[Finding, ...]:
    """A warning for each leaf that has no value, though OCR reads one at its label, and for each array without rows.

    What stands where another field is confirmed belongs to that field.
    """
    pages = [reading for reading in readings if not reading.failure]
    empty = {pointer for pointer, field in fields.items() if field.value is None}
    if not empty or not pages:
        return ()
    sheet = readings_to_sheet(pages, doctype)
    taken = [(field.page, field.box) for field in fields.values() if field.verdict == "confirmed" and field.box]
    source: dict[int, FieldSource] = {reading.page: reading.source for reading in pages}
    return (*_values(empty, taken, sheet), *_rows(empty, sheet, source))


def _values(empty: set[str], taken: Sequence[tuple[int | None, Box]], sheet: Sheet) -> Iterator[Finding]:
    for leaf in sheet.doctype.leaves:
        if leaf.pointer not in empty or not is_single(leaf):
            continue
        best = next(iter(plausible_ranking(sheet, leaf, shipped_model())), None)
        if best is None or not best.labelled or best.confidence < HEARD:
            continue
        printed, page, box = best.candidate.printed, best.candidate.line.page, best.candidate.box
        if not any(page == other and _same_place(box, where) for other, where in taken):
            yield Finding(
                leaf.pointer, "witness", "warning", f"nothing is given, but OCR reads {printed!r} there", page
            )


def _rows(empty: set[str], sheet: Sheet, source: Mapping[int, FieldSource]) -> Iterator[Finding]:
    arrays = {leaf.array for leaf in sheet.doctype.leaves if leaf.in_array and leaf.array in empty}
    found = [
        claim for claim in lines_to_rows(sheet.layout, sheet.doctype, source) if arrays and claim.confidence >= HEARD
    ]
    for array in sorted(filter(None, arrays)):
        first = next((claim for claim in found if claim.pointer.startswith(f"{array}/")), None)
        if first:
            yield Finding(array, "witness", "warning", "nothing is given, but OCR reads rows there", first.page)


def _same_place(box: Box, other: Box) -> bool:
    """Does one hold the middle of the other?"""
    return any(a.x0 <= b.cx <= a.x1 and a.y0 <= b.cy <= a.y1 for a, b in ((box, other), (other, box)))
