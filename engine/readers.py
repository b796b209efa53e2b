"""Whose word counts: a model's for what it answered of a page, OCR's for the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from engine.claim import Claim
from engine.doctype import DocumentType
from engine.pointer import matches
from engine.result import Finding
from engine.rows import joined, renumbered
from engine.vlm.ask import PageAnswer

RowReader = Literal["vlm", "ocr", "any"]
HEARD = 0.5  # confidence from which OCR's claim is likelier right than wrong


def readers_to_claims(
    by_ocr: Sequence[Claim], answers: Mapping[int, PageAnswer], doctype: DocumentType
) -> tuple[tuple[Claim, ...], tuple[Finding, ...]]:
    """A model's claims for what it answered of a page and OCR's for the rest; and what the model itself doubts."""
    asked = [answer for _, answer in sorted(answers.items()) if answer.asked]
    of_page = {answer.page: _whose_rows(answer, by_ocr, doctype) for answer in asked}
    unanswered = {answer.page: answer.unanswered for answer in asked}
    ocr = [c for c in by_ocr if c.page not in of_page or _ocr_counts(c, of_page[c.page], unanswered[c.page])]
    readers = [ocr, *([c for c in a.claims if _row_reader(c, of_page[a.page]) != "ocr"] for a in asked)]
    claims = joined(readers, doctype.leaves)
    findings: list[Finding] = []
    start = len(ocr)
    for answer, told in zip(asked, readers[1:], strict=True):
        findings += renumbered(answer.findings, told, claims[start : start + len(told)], doctype.leaves)
        start += len(told)
    return claims, (*findings, *_denied([c for c in by_ocr if c not in ocr], asked, doctype))


def _denied(unheard: Sequence[Claim], asked: Sequence[PageAnswer], doctype: DocumentType) -> Iterator[Finding]:
    """What OCR read with some confidence on a page of which the model says that nothing is there."""
    arrays = {leaf.array for leaf in doctype.leaves if leaf.in_array and leaf.array}
    for answer in asked:
        told = {claim.pointer for claim in answer.claims}
        seen = [claim for claim in unheard if claim.page == answer.page and claim.confidence >= HEARD]
        for claim in seen:
            if claim.pointer not in told and not any(_is_in(claim, array) for array in arrays):
                words = f"OCR read {claim.printed!r} there, and the model says that there is nothing"
                yield Finding(claim.pointer, "witness", "warning", words, claim.page)
        for array in arrays:
            if any(_is_in(c, array) for c in seen) and not any(_is_in(c, array) for c in answer.claims):
                words = "OCR read rows there, and the model says that there are none"
                yield Finding(array, "witness", "error", words, answer.page)


def _whose_rows(answer: PageAnswer, by_ocr: Sequence[Claim], doctype: DocumentType) -> dict[str, RowReader]:
    """Who tells the rows of each array of a page: one reader, for nobody knows which rows of two are the same.

    The model does where it told any, unless it lost a stretch of them and OCR has some; else whoever has any.
    """
    found: dict[str, RowReader] = {}
    for array in {leaf.array for leaf in doctype.leaves if leaf.in_array and leaf.array}:
        by_model = any(_is_in(claim, array) for claim in answer.claims)
        read = any(claim.page == answer.page and _is_in(claim, array) for claim in by_ocr)
        found[array] = "any" if not by_model else "ocr" if array in answer.lost and read else "vlm"
    return found


def _ocr_counts(claim: Claim, rows: Mapping[str, RowReader], unanswered: Collection[str]) -> bool:
    reader = _row_reader(claim, rows)
    return reader == "ocr" if reader != "any" else any(matches(pattern, claim.pointer) for pattern in unanswered)


def _row_reader(claim: Claim, rows: Mapping[str, RowReader]) -> RowReader:
    return next((reader for array, reader in rows.items() if _is_in(claim, array)), "any")


def _is_in(claim: Claim, array: str) -> bool:
    return claim.pointer.startswith(f"{array}/")
