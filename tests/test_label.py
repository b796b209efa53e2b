"""Labels to fields: on typed pages, with the shipped types and weights."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.doctype import load_type
from engine.label.anchors import Label, lines_to_anchors
from engine.label.claims import readings_to_claims, readings_to_sheet
from engine.label.lines import reading_to_lines, readings_to_lines
from engine.label.sums import rule_support
from tests.pages import typed_reading

RECEIPT = typed_reading("""
        HARBOUR LANE BOOKS LTD
        12, Quay Street
        40150 Port Alder
        Tel: 03-5512 8899

        Date: 25/03/2018  14:10
        Receipt No: R-10442

        Atlas of Rivers           1    30.00   30.00
        Pencil HB                 4     1.25    5.00

        Sub Total                              35.00
        GST 6%                                  2.10
        TOTAL                                  37.10
        CASH                                   50.00
        CHANGE                                 12.90
        Thank you, please come again
""")


def values(reading, type_name):
    best = {}
    for claim in readings_to_claims([reading], load_type(type_name)):
        if claim.pointer not in best or claim.confidence > best[claim.pointer].confidence:
            best[claim.pointer] = claim
    return {pointer: claim.value for pointer, claim in best.items()}


def test_a_receipt_is_read_by_its_labels() -> None:
    found = values(RECEIPT, "receipt")
    assert found["/total"] == Decimal("37.10")
    assert found["/subtotal"] == Decimal("35.00")
    assert found["/tax"] == Decimal("2.10")
    assert found["/cash"] == Decimal("50.00")
    assert found["/change"] == Decimal("12.90")
    assert found["/date"] == "2018-03-25"
    assert found["/company"] == "HARBOUR LANE BOOKS LTD"


def test_a_claim_tells_where_it_stands() -> None:
    total = next(c for c in readings_to_claims([RECEIPT], load_type("receipt")) if c.pointer == "/total")
    assert total.printed == "37.10"
    assert total.box is not None
    assert 0.45 < total.box.x0 < total.box.x1 < 0.6
    assert 12 / 60 < total.box.cy < 14 / 60


def test_one_label_for_two_dates() -> None:
    page = typed_reading("""
        CONTRACT                                     Contract / Revision
                                                     1528945 /
        Advertiser              Contract Dates
        Cody for Council        02/19/20 - 03/03/20

        Gross Total      $31,190.00
        Agency Commission $4,678.50
        Net Total        $26,511.50
    """)
    found = values(page, "ad_buy")
    assert (found["/flight_from"], found["/flight_to"]) == ("2020-02-19", "2020-03-03")
    assert found["/contract_num"] == "1528945"
    assert found["/gross_amount"] == Decimal("31190.00")
    assert found["/advertiser"] == "Cody for Council"


def test_a_label_misread_by_ocr_is_found() -> None:
    lines = reading_to_lines(typed_reading("Sub T0tal    12.00"))
    (anchor,) = lines_to_anchors(lines, [Label("/subtotal", "subtotal", 0)])
    assert (anchor.first, anchor.last) == (0, 2)
    assert anchor.score < 1


def test_total_inside_sub_total_is_no_label() -> None:
    lines = reading_to_lines(typed_reading("Sub Total    12.00\nTotal   13.00"))
    anchors = lines_to_anchors(lines, [Label("/total", "total", 0), Label("/subtotal", "sub total", 0)])
    assert [(a.leaf, a.line.index) for a in anchors] == [("/subtotal", 0), ("/total", 1)]


def test_a_label_never_swallows_the_amount() -> None:
    """``Total RM 3.70`` is nearly ``total rm`` with three wrong letters: the amount must stay free."""
    lines = reading_to_lines(typed_reading("Total Sales (Inclusive GST) RM 3.70"))
    (anchor,) = lines_to_anchors(lines, [Label("/total", "total sales inclusive gst", 0)])
    assert anchor.last <= 5


def test_label_and_value_in_two_blocks_are_one_row() -> None:
    """OCR reads columns as blocks: what stands at one height belongs together."""
    page = typed_reading("Total             9.00")
    words = (page.words[0], replace(page.words[1], line=7))
    lines = readings_to_lines([replace(page, words=words)])
    assert [line.text for line in lines] == ["Total  9.00"]


@pytest.mark.parametrize(("printed", "wanted"), [("12/05/2020", "2020-05-12"), ("05/25/2020", "2020-05-25")])
def test_date_order_is_the_documents_own_where_it_tells(printed: str, wanted: str) -> None:
    page = typed_reading(f"HARBOUR LANE BOOKS LTD\nDate: {printed}\nTOTAL   9.00")
    assert values(page, "receipt")["/date"] == wanted


def test_nothing_is_claimed_on_an_empty_page() -> None:
    assert readings_to_claims([typed_reading("")], load_type("receipt")) == ()


def test_one_printed_amount_serves_one_leaf() -> None:
    """A slip with a single amount: it is the total, and not the subtotal, the tax and the cash as well."""
    found = values(typed_reading("HARBOUR LANE BOOKS LTD\nDate: 25/03/2018\nTOTAL   9.00"), "receipt")
    assert [pointer for pointer, value in found.items() if value == Decimal("9.00")] == ["/total"]


def test_a_leaf_never_fitted_takes_only_what_stands_at_its_label() -> None:
    found = values(
        typed_reading("NORTHWIND BANK\nAccount Number: 5550-1428\nClosing balance   812.40"), "bank_statement"
    )
    assert found["/account_number"] == "5550-1428"
    assert found["/closing_balance"] == Decimal("812.40")
    assert "/opening_balance" not in found


def test_the_currency_is_told_by_the_sign_at_the_amounts() -> None:
    found = values(typed_reading("Invoice No: 77\nTotal   £812.40"), "invoice")
    assert found["/currency"] == "GBP"


def test_a_column_head_is_no_label_of_the_total() -> None:
    page = typed_reading("""
        Description          Quantity     Rate      Net amount
        Lantern, week              8     14.00          112.00
        Dimmer, week               2    165.00          330.00
        Net amount                                      442.00
    """)
    assert values(page, "invoice")["/subtotal"] == Decimal("442.00")


def test_the_types_own_rule_tells_the_total_from_its_neighbour() -> None:
    doctype = load_type("receipt")
    sheet = readings_to_sheet([RECEIPT], doctype)
    total = next(leaf for leaf in doctype.leaves if leaf.pointer == "/total")
    support = rule_support("/total", sheet.number_pools, doctype.checks)
    held = {c.value for c, s in zip(sheet.pool(total).candidates, support, strict=True) if s > 0}
    assert Decimal("37.10") in held
    assert Decimal("30.00") not in held


def test_words_without_height_and_pages_of_signs_are_no_accident() -> None:
    flat = replace(RECEIPT, words=tuple(replace(w, box=replace(w.box, y1=w.box.y0)) for w in RECEIPT.words))
    signs = replace(RECEIPT, words=tuple(replace(w, text="--") for w in RECEIPT.words))
    for reading in (flat, signs):
        for name in ("receipt", "invoice", "form", "registration"):
            readings_to_claims([reading], load_type(name))


def test_an_own_type_with_every_json_type(tmp_path: Path) -> None:
    """An integer called number is counted; a tick box has no words; what is printed elsewhere stays out."""
    (tmp_path / "own.json").write_text(
        json.dumps({
            "type": "object",
            "properties": {
                "order_number": {"type": "integer"},
                "weight": {"type": "number"},
                "urgent": {"type": "boolean"},
                "route_code": {"type": "string"},
            },
        })
    )  # fmt: skip
    page = typed_reading("Order number: 4711\nWeight: 12.5\nUrgent: yes\nRoute code: AB-12")
    found = {c.pointer: c.value for c in readings_to_claims([page], load_type("own", tmp_path))}
    assert found == {"/order_number": 4711, "/weight": Decimal("12.5"), "/route_code": "AB-12"}
