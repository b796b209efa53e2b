"""Results made by hand for the tests of the review: a receipt in doubt, and a folder of such."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.as_json import result_to_data, result_to_json
from engine.check import rule_findings, schema_findings
from engine.decide import decide, doubt_findings
from engine.doctype import DocumentType, load_type
from engine.merge import fields_to_data
from engine.page import Box
from engine.result import Field, Finding, PageResult, Result
from engine.review.folder import Folder, Reviewed
from engine.view.decided import Decision, Kind

BOX = Box(0.6, 0.7, 0.74, 0.72)
RECEIPT = load_type("receipt")


def receipt(**other: Field) -> Result:
    """A receipt whose total is contradicted, whose date is missing, and whose page wanted a model."""
    fields = {leaf.pointer: Field(None, missing="absent") for leaf in RECEIPT.leaves if "*" not in leaf.pointer}
    fields |= {
        "/company": Field("Café GmbH", "Café GmbH", 1, BOX, "ocr", "confirmed", "Café GmbH", 0.99),
        "/address": Field("1 Road", "1 Road", 1, BOX, "ocr", "confirmed", "1 Road", 0.99),
        "/total": Field(Decimal("8.00"), "8.00", 1, BOX, "ocr", "contradicted", "9.00", 0.1),
        "/subtotal": Field(Decimal("9.00"), "9.00", 1, BOX, "ocr", "confirmed", "9.00", 0.99),
        "/line_items": Field(None, missing="absent"),
    }
    fields |= {f"/{name}": field for name, field in other.items()}
    said = (
        Finding("/total", "witness", "error", "'8.00' is contradicted: OCR reads 9.00", 1),
        Finding("", "route", "error", "handwriting: wanted a VLM, none is configured", 1),
    )
    return judged(fields, RECEIPT, said)


def judged(fields: dict[str, Field], doctype: DocumentType, said: tuple[Finding, ...]) -> Result:
    data = fields_to_data(fields, doctype)
    checks = (*schema_findings(data, doctype), *rule_findings(data, doctype, fields), *doubt_findings(doctype, fields))
    findings, pages = (*said, *checks), (PageResult(1, "ocr", "printed text", {"handwriting": 0.0}, "complete"),)
    status = decide(doctype, fields, findings, pages)
    return Result("a.jpg", "0" * 64, 1, doctype.name, status, data, fields, findings, pages, ocr="tesseract 5.3.0 eng")


def written(folder: Path, name: str = "a.json", result: Result | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(result_to_json(result or receipt()) + "\n", encoding="utf-8")
    return folder


def said(kind: Kind, path: str, number: int = 1, **told: Any) -> Decision:
    when = "2026-11-22T12:00:00+00:00"
    return Decision(str(number), "a.json", "0" * 64, "of", "gives", kind, path, "Ann", when, **told)


def dismissed(finding: Finding, number: int = 1, why: str = "") -> Decision:
    was = {name: getattr(finding, name) for name in ("path", "check", "severity", "message", "page")}
    return said("dismiss", finding.path, number, was=was, why=why)


def keep(folder: Folder, kind: Kind, path: str, name: str = "a.json", **told: Any) -> Reviewed:
    """Decide on what stands there now."""
    was = result_to_data(folder[name].result)["fields"][path]
    return folder.decide(name, kind, path, was=was, **told)


def without_total(result: Result) -> Result:
    return replace(result, findings=tuple(f for f in result.findings if f.path != "/total"))
