"""What an extraction leaves out of a table that OCR reads."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.doctype import load_type
from engine.overlooked import overlooked
from engine.result import Field
from tests.pages import typed_reading

PAGE = """
    Description                   Qty     Unit price      Amount

    Ball valve, brass               4           3.75       15.00
    Gate valve, cast iron          11          17.44      191.84
    Copper tube 22 mm               3           9.10       27.30
    Compression elbow               6           2.85       17.10

    Subtotal                                              251.24
"""
AMOUNTS = [Decimal(amount) for amount in ("15.00", "191.84", "27.30", "17.10")]


def row_findings(
    given: list[Decimal], page: str = PAGE, confidence: float = 0.96
) -> list[tuple[str, str, str, int | None]]:
    fields = {f"/line_items/{n}/amount": Field(amount, source="given") for n, amount in enumerate(given)}
    if not given:
        fields = {"/line_items": Field(None, missing="absent")}
    found = overlooked(fields, [typed_reading(page, 1, confidence)], load_type("invoice"))
    return [(f.path, f.severity, f.message, f.page) for f in found if f.path == "/line_items"]


@pytest.mark.parametrize("left_out", [0, 1, 3])
def test_a_row_that_is_left_out_is_told(left_out: int) -> None:
    given = AMOUNTS[:left_out] + AMOUNTS[left_out + 1 :]
    assert row_findings(given) == [("/line_items", "warning", "OCR reads 4 rows, 3 are given", 1)]


def test_no_rows_are_told_as_before() -> None:
    assert row_findings([]) == [("/line_items", "warning", "nothing is given, but OCR reads rows there", 1)]


@pytest.mark.parametrize("given", [AMOUNTS, [*AMOUNTS, AMOUNTS[0]]])
def test_nothing_is_told_where_no_row_is_missing(given: list[Decimal]) -> None:
    assert row_findings(given) == []


def test_rows_that_ocr_is_not_sure_of_count_for_nothing() -> None:
    without_rule = "\n".join(line[:28] + line[50:] for line in PAGE.split("\n"))  # description and amount
    assert row_findings(AMOUNTS[:2], without_rule) != []
    assert row_findings(AMOUNTS[:2], without_rule, confidence=0.2) == []
