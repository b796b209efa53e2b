"""The result of a file that could not be read at all."""

from __future__ import annotations

from pathlib import Path

from engine.doctype import DocumentType
from engine.merge import claims_to_fields, fields_to_data
from engine.ocr import Ocr
from engine.receive import sha256_of
from engine.result import Field, Finding, Missing, Result


def failed_fields(doctype: DocumentType | None) -> dict[str, Field]:
    """Every leaf null because nothing could be read."""
    if doctype is None:
        return {}
    failed: dict[str, Missing] = {leaf.pointer: "failed" for leaf in doctype.leaves}
    fields, _ = claims_to_fields((), doctype, failed)
    return fields


def nothing_read(path: Path, doctype: DocumentType | None, fields: dict[str, Field], sentence: str, ocr: Ocr) -> Result:
    """The result of a file that could not be read at all: its type's shape, with what is claimed all the same."""
    return Result(
        path=str(path),
        sha256=digest_if_readable(path),
        page_count=0,
        type=doctype.name if doctype else None,
        status="failed",
        data=fields_to_data(fields, doctype) if doctype else {},
        fields=fields,
        findings=(Finding("", "page", "error", sentence),),
        ocr=ocr.name,
    )


def digest_if_readable(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:  # the finding already says that the file cannot be opened
        return None
