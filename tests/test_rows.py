"""Tables to rows: on pages typed as text, where a column is a place in the line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.claim import Claim
from engine.doctype import DocumentType, load_type
from engine.label.claims import find_labels
from engine.label.columns import Head, Place
from engine.label.features import Layout
from engine.label.lines import readings_to_lines
from engine.label.rows import USUAL, Found, Reader, lines_to_rows
from engine.label.tables import Row
from engine.page import Box, Reading, Word

NUMBER = {"type": ["number", "null"]}
BILL = {
    "type": "object",
    "x-date-order": "dmy",
    "x-checks": ["each(items): amount == quantity * unit_price"],
    "properties": {
        "total": {**NUMBER, "x-kind": "money", "x-labels": ["total", "grand total"]},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "description": {"type": ["string", "null"], "x-labels": ["description", "item"]},
                    "quantity": {**NUMBER, "x-kind": "quantity", "x-labels": ["qty", "quantity"]},
                    "unit_price": {**NUMBER, "x-kind": "money", "x-labels": ["unit price", "price"]},
                    "amount": {**NUMBER, "x-kind": "money", "x-labels": ["amount", "total"]},
                },
            },
        },
    },
}
STATEMENT = {
    "type": "object",
    "x-date-order": "dmy",
    "x-checks": ["each(rows): balance == prev(balance) + zero(credit) - zero(debit)"],
    "properties": {
        "opening_balance": {**NUMBER, "x-kind": "money"},
        "closing_balance": {**NUMBER, "x-kind": "money"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "date": {"type": ["string", "null"], "format": "date"},
                    "description": {"type": ["string", "null"], "x-labels": ["details"]},
                    "debit": {**NUMBER, "x-kind": "money", "x-labels": ["paid out"]},
                    "credit": {**NUMBER, "x-kind": "money", "x-labels": ["paid in"]},
                    "balance": {**NUMBER, "x-kind": "money"},
                },
            },
        },
    },
}


def page(text: str, number: int = 1, confidence: float = 0.96) -> Reading:
    """A page of 100 columns and 60 rows from text as typed; words are parted by one blank."""
    words = []
    for row, line in enumerate(text.strip("\n").splitlines()):
        at = 0
        for token in line.split(" "):
            if token:
                box = Box(at / 100, row / 60 + 0.003, (at + len(token)) / 100, row / 60 + 0.013)
                words.append(Word(token, box, confidence, row))
            at += len(token) + 1
    return Reading(number, 850, 1100, words=tuple(words))


def doctype(schema: dict[str, Any], directory: Path) -> DocumentType:
    path = directory / "bill.json"
    path.write_text(json.dumps(schema))
    return load_type("bill", directory)


def claims_of(schema: dict[str, Any], directory: Path, *pages: str) -> tuple[Claim, ...]:
    made = doctype(schema, directory)
    lines = readings_to_lines([page(text, number) for number, text in enumerate(pages, start=1)])
    layout = Layout(lines, find_labels(lines, made), tuple(range(1, len(pages) + 1)))
    return lines_to_rows(layout, made, dict.fromkeys(layout.pages, "ocr"))


def rows_of(claims: tuple[Claim, ...]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for claim in claims:
        _, _, number, name = claim.pointer.split("/")
        rows.setdefault(int(number), {})[name] = claim.value
    return [rows[number] for number in sorted(rows)]


def item(description: str, quantity: str, price: str, amount: str) -> dict[str, Any]:
    return {
        "description": description,
        "quantity": Decimal(quantity),
        "unit_price": Decimal(price),
        "amount": Decimal(amount),
    }


HEAD = "  Description                                 Qty      Unit Price        Amount\n"
FIRST = HEAD + (
    "  Ball valve, brass, 3 inches                   2           12.50         25.00\n"
    "  Exhibition catalogue in four colours,      1200            4.85      5,820.00\n"
    "  bound\n"
)


def test_columns_wider_than_their_heads_and_a_wrapped_description(tmp_path: Path) -> None:
    rows = rows_of(claims_of(BILL, tmp_path, FIRST + "\n  Total                                            5,845.00\n"))
    assert rows == [
        item("Ball valve, brass, 3 inches", "2", "12.50", "25.00"),
        item("Exhibition catalogue in four colours, bound", "1200", "4.85", "5820.00"),
    ]


@pytest.mark.parametrize("head", [HEAD, ""], ids=["head again", "no head"])
def test_a_table_goes_on_over_the_page_and_keeps_its_pages(tmp_path: Path, head: str) -> None:
    second = (
        "  ACME Ltd   Invoice 4711 (continued)   Page 2\n\n"
        + head
        + (
            "  Carried forward                                                        5,845.00\n"
            "  Gasket                                       10            1.10         11.00\n"
            "  Total                                                                5,856.00\n"
            "  Storage                                      10            1.10         11.00\n"
        )
    )
    claims = claims_of(BILL, tmp_path, FIRST + "\n  page 1 of 2\n", second)
    assert [row["description"] for row in rows_of(claims)][2:] == ["Gasket"]
    assert {c.page for c in claims if c.pointer.startswith("/items/2/")} == {2}
    assert {c.page for c in claims if c.pointer.startswith("/items/1/")} == {1}


def test_an_unknown_column_takes_its_words_along(tmp_path: Path) -> None:
    text = (
        "  Line   Description            Code      Qty     Price     Amount    Tax\n"
        "  1      Paint brush            9556001     2      6.90      13.80    SR\n"
        "  2      Masking tape           9551902     4      3.75      15.00    SR\n"
    )
    assert rows_of(claims_of(BILL, tmp_path, text)) == [
        item("Paint brush", "2", "6.90", "13.80"),
        item("Masking tape", "4", "3.75", "15.00"),
    ]


def test_labels_that_are_not_known_are_told_by_what_stands_below(tmp_path: Path) -> None:
    text = (
        "  Test                        Qty         Fee       Extended\n"
        "  Coliform count               24       18.50         444.00\n"
        "  Lead, graphite furnace        4       31.25         125.00\n"
        "  Nitrate                      18       22.75         409.50\n"
    )
    rows = rows_of(claims_of(BILL, tmp_path, text))
    assert rows[0] == item("Coliform count", "24", "18.50", "444.00")
    assert len(rows) == 3


def test_descriptions_above_their_numbers(tmp_path: Path) -> None:
    text = (
        "  Item                 Qty     Price     Amount\n"
        "  PAINT BRUSH\n"
        "  9556001                2      6.90      13.80\n"
        "  WOOD SCREW M4 100\n"
        "  9556127                1     11.80      11.80\n"
        "  Total                                   25.60\n"
    )
    rows = rows_of(claims_of(BILL, tmp_path, text))
    assert [row["description"] for row in rows] == ["PAINT BRUSH", "WOOD SCREW M4 100"]


def test_lines_that_repeat_a_smaller_head_are_no_rows(tmp_path: Path) -> None:
    """As under each line of a broadcaster's contract."""
    text = HEAD + (
        "  Evening news                                 13                        3,185.00\n"
        "     Weeks         Unit Price\n"
        "     Week 1            245.00\n"
        "     Week 2            245.00\n"
        "  Late show                                     4                          100.00\n"
    )
    assert [row["amount"] for row in rows_of(claims_of(BILL, tmp_path, text))] == [
        Decimal("3185.00"),
        Decimal("100.00"),
    ]


STATED = (
    "  Date          Details                    Paid out     Paid in      Balance\n"
    "  01 Feb 2024   Balance brought forward                              4,218.67\n"
    "  01 Feb 2024   Rent The Maltings            875.00                  3,343.67\n"
    "  15 Feb 2024   Salary Tanyard                          2,384.19     5,727.86\n"
    "  16 Feb 2024   Oakley Grocers                71.83                  5,656.03\n"
    "  16 Feb 2024   Closing balance                                      5,656.03\n"
)


def test_debit_and_credit_by_their_place_and_no_row_for_a_balance_alone(tmp_path: Path) -> None:
    rows = rows_of(claims_of(STATEMENT, tmp_path, STATED))
    assert rows == [
        {
            "date": "2024-02-01",
            "description": "Rent The Maltings",
            "debit": Decimal("875.00"),
            "balance": Decimal("3343.67"),
        },
        {
            "date": "2024-02-15",
            "description": "Salary Tanyard",
            "credit": Decimal("2384.19"),
            "balance": Decimal("5727.86"),
        },
        {
            "date": "2024-02-16",
            "description": "Oakley Grocers",
            "debit": Decimal("71.83"),
            "balance": Decimal("5656.03"),
        },
    ]


def test_what_was_paid_out_is_positive_however_it_is_written(tmp_path: Path) -> None:
    rows = rows_of(claims_of(STATEMENT, tmp_path, STATED.replace("  875.00", "-875.00")))
    assert rows[0]["debit"] == Decimal("875.00")


def test_dates_without_a_year_take_the_document_s(tmp_path: Path) -> None:
    text = "  Statement of 29.02.2024\n\n" + STATED.replace(" Feb 2024", " Feb     ")
    claims = claims_of(STATEMENT, tmp_path, text)
    dated = [c for c in claims if c.pointer.endswith("/date")]
    assert [c.value for c in dated] == ["2024-02-01", "2024-02-15", "2024-02-16"]
    assert max(c.confidence for c in dated) < 0.6


TILL = """
  WREN MARKET
  2210 Alder Road
  07/19/2024  1:02 PM

  SOURDOUGH LOAF              6.49 SR
  TOMATOES                    9.18
     2.30 @ 3.99
  TEH TARIK
     2 x 2.20                 4.40
  3 x BAGEL                   5.25
  TOTAL                      25.32
  CASH                       30.00
"""


def test_a_slip_without_a_head(tmp_path: Path) -> None:
    claims = claims_of(BILL, tmp_path, TILL)
    assert rows_of(claims) == [
        {"description": "SOURDOUGH LOAF", "amount": Decimal("6.49")},
        item("TOMATOES", "2.30", "3.99", "9.18"),
        item("TEH TARIK", "2", "2.20", "4.40"),
        {"description": "BAGEL", "quantity": Decimal(3), "amount": Decimal("5.25")},
    ]


def test_no_rows_without_a_head_where_nothing_closes_the_bill(tmp_path: Path) -> None:
    assert claims_of(BILL, tmp_path, "  The fee was                12.50\n  Another was    13.50\n") == ()


def test_a_row_that_adds_up_is_surer_than_one_that_does_not(tmp_path: Path) -> None:
    wrong = FIRST.replace(" 25.00", " 26.00")
    amounts = {c.pointer: c.confidence for c in claims_of(BILL, tmp_path, wrong) if c.pointer.endswith("/amount")}
    assert amounts["/items/1/amount"] > 0.96
    assert amounts["/items/0/amount"] < 0.5


def test_heads_alike_with_nothing_below_are_tried_together_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form printed again on every page: each try reads the whole document."""
    tried: list[int] = []
    under = Reader._under

    def counted(self: Reader, heads: Mapping[Place, Head]) -> tuple[Row, ...]:
        tried.append(len(heads))
        return under(self, heads)

    monkeypatch.setattr(Reader, "_under", counted)
    blank = HEAD + "  Nothing was bought this month\n"
    assert claims_of(BILL, tmp_path, *[blank] * 12) == ()
    assert tried == [12]


def test_a_head_of_another_table_is_tried_after_one_with_nothing_below(tmp_path: Path) -> None:
    text = "  Item        Amount\n  Chair        12.50\n"
    assert rows_of(claims_of(BILL, tmp_path, HEAD, text)) == [{"description": "Chair", "amount": Decimal("12.50")}]


def test_a_long_table_takes_the_usual_from_its_last_rows_only() -> None:
    found = Found()
    found.firm.extend(range(10 * USUAL))
    assert list(found.firm) == list(range(9 * USUAL, 10 * USUAL))


def test_each_claim_has_its_own_box_and_printed_text(tmp_path: Path) -> None:
    claim = next(c for c in claims_of(BILL, tmp_path, FIRST) if c.pointer == "/items/1/amount")
    assert claim.printed == "5,820.00"
    assert claim.box is not None
    assert claim.box.x0 == pytest.approx(0.71, abs=0.02)
    assert claim.box.y0 == pytest.approx(2 / 60 + 0.003)
