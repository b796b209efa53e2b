"""One result with everything in it, for the tests of what is written."""

from __future__ import annotations

from decimal import Decimal

from engine.page import Box
from engine.result import Field, Finding, PageResult, Result

BOX = Box(0.61, 0.7, 0.74, 0.72)


def receipt(path: str = "in/a.pdf", company: str = "Café GmbH") -> Result:
    """A receipt with two line items and a missing date, in review."""
    return Result(
        path=path,
        sha256="0" * 64,
        page_count=2,
        type="receipt",
        status="review",
        data={
            "company": company,
            "total": Decimal("9.00"),
            "date": None,
            "paid": True,
            "line_items": [
                {"description": "Tea", "amount": Decimal("-1.50"), "quantity": 2},
                {"description": "=1+1", "amount": Decimal("10.50"), "quantity": None},
            ],
        },
        fields={
            "/company": Field(company, company, 1, BOX, confidence=0.81234567),
            "/total": Field(Decimal("9.00"), "RM9.00", 1, BOX, "ocr", "confirmed", "9.00", 0.98),
            "/date": Field(None, missing="absent"),
            "/paid": Field(True, "PAID", 1, BOX),
            "/line_items/0/description": Field("Tea", "Tea", 1, BOX),
            "/line_items/0/amount": Field(Decimal("-1.50"), "1.50-", 1, BOX),
            "/line_items/0/quantity": Field(2, "2", 1, BOX),
            "/line_items/1/description": Field("=1+1", "=1+1", 2, BOX),
            "/line_items/1/amount": Field(Decimal("10.50"), "10.50", 2, BOX),
            "/line_items/1/quantity": Field(None, missing="unreadable"),
        },
        findings=(Finding("/date", "schema", "error", "date is required and was not found"),),
        pages=(
            PageResult(
                1,
                "ocr",
                "printed text",
                {"handwriting": 0.0212345, "table": 0.9},
                "complete",
                seconds=0.91234,
            ),
            PageResult(2, "blank", "no ink", {"handwriting": 0.0, "table": 0.0}, "complete"),
        ),
        ocr="tesseract 5.3.0 eng",
    )


def failed(path: str = "broken.pdf") -> Result:
    """A file that could not be read at all."""
    finding = Finding("", "page", "error", "broken.pdf is empty: scan or download it again.")
    return Result(path, None, 0, None, "failed", findings=(finding,))
