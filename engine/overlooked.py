"""What an extraction made elsewhere leaves out, though OCR reads it: a null claims nothing, and may be a slip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.claim import Claim
from engine.doctype import DocumentType
from engine.label.claims import Sheet, is_single, plausible_ranking, readings_to_sheet
from engine.label.rank import shipped_model
from engine.label.rows import lines_to_rows
from engine.page import Box, Reading
from engine.result import Field, FieldSource, Finding

NONE_GIVEN = "nothing is given, but OCR reads rows there"
HEARD = 0.5  # confidence from which what OCR reads at a label is likelier right than wrong


def overlooked(fields: Mapping[str, Field], readings: Sequence[Reading], doctype: DocumentType) -> tuple[Finding, ...]:
    """A warning for each leaf that has no value, though OCR reads one at its label, and for each array with fewer rows
    than OCR reads.

    What stands where another field is confirmed belongs to that field.
    """
    pages = [reading for reading in readings if not reading.failure]
    empty = {pointer for pointer, field in fields.items() if field.value is None}
    if not pages:
        return ()
    sheet = readings_to_sheet(pages, doctype)
    taken = [(field.page, field.box) for field in fields.values() if field.verdict == "confirmed" and field.box]
    source: dict[int, FieldSource] = {reading.page: reading.source for reading in pages}
    return (*_values(empty, taken, sheet), *_rows(fields, sheet, source))


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


def _rows(fields: Mapping[str, Field], sheet: Sheet, source: Mapping[int, FieldSource]) -> Iterator[Finding]:
    arrays = sorted({leaf.array for leaf in sheet.doctype.leaves if leaf.in_array and leaf.array})
    claims = lines_to_rows(sheet.layout, sheet.doctype, source) if arrays else ()
    for array in arrays:
        given = {_row(pointer, array) for pointer, field in fields.items() if field.value is not None}
        read = _confident_rows(claims, array)
        if len(read) > len(given - {None}):
            some = f"OCR reads {len(read)} rows, {len(given - {None})} are given" if given - {None} else NONE_GIVEN
            yield Finding(array, "witness", "warning", some, min(read.values()))


def _confident_rows(claims: Sequence[Claim], array: str) -> dict[str, int]:
    """The rows of which OCR is sure of more cells than not, with their pages."""
    rows: dict[str, list[Claim]] = {}
    for claim in claims:
        if row := _row(claim.pointer, array):
            rows.setdefault(row, []).append(claim)
    sure = {row: sum(claim.confidence >= HEARD for claim in cells) for row, cells in rows.items()}
    return {row: cells[0].page for row, cells in rows.items() if 2 * sure[row] > len(cells)}


def _row(pointer: str, array: str) -> str | None:
    """The row of a top array that a pointer leads into."""
    return pointer[len(array) + 1 :].split("/", 1)[0] if pointer.startswith(f"{array}/") else None


def _same_place(box: Box, other: Box) -> bool:
    """Does one hold the middle of the other?"""
    return any(a.x0 <= b.cx <= a.x1 and a.y0 <= b.cy <= a.y1 for a, b in ((box, other), (other, box)))
