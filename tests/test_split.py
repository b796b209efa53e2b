"""Where documents begin in one scan: a decision on typed pages, on barcode sheets, and on joined fixtures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image

from engine.barcodes import barcodes, sheets
from engine.config import Config
from engine.doctype import load_type
from engine.page import Reading
from engine.receive import receive
from engine.split import split, split_findings
from tests.making import page_of_print
from tests.pages import typed_reading

INVOICE = (load_type("invoice"),)


def first(number: str, page: int = 1, numbered: str = "") -> Reading:
    return typed_reading(
        f"""
        Calder & Finch Supplies                 {numbered}
        INVOICE
        Invoice number: {number}
        Invoice date:   2024-03-04
        Bill to: Hollis Marrow Ltd

        Description          Quantity    Unit price    Amount
        Copper pipe 15 mm          10          4.50     45.00
        """,
        page,
    )


def next_page(number: str, page: int, numbered: str = "") -> Reading:
    return typed_reading(
        f"""
        Calder & Finch Supplies   Invoice {number} (continued)    {numbered}
        Brass elbow 22 mm           4          2.25      9.00
        Total due                                       54.00
        """,
        page,
    )


def blank(page: int) -> Reading:
    return Reading(page, 850, 1100, 100.0, words=(), signals={"handwriting": 0.0, "table": 0.0, "ink": 0.0})


def spans(*readings: Reading, **barcodes: str) -> list[str]:
    found = split(readings, INVOICE, {int(page[1:]): text for page, text in barcodes.items()})
    return [piece.pages for piece in found.pieces]


def test_page_1_of_n_begins_and_2_of_n_goes_on() -> None:
    found = split(
        [
            first("INV-1001", 1, "Page 1 of 2"),
            next_page("INV-1001", 2, "Page 2 of 2"),
            first("INV-2077", 3, "Page 1 of 1"),
        ],
        INVOICE,
    )
    assert [(piece.first, piece.last) for piece in found.pieces] == [(1, 2), (3, 3)]
    assert "page 1 of 1" in found.pieces[1].reason


def test_another_invoice_number_begins_another_document() -> None:
    assert spans(first("INV-1001"), first("INV-2077", 2)) == ["1", "2"]
    assert spans(first("INV-1001"), next_page("INV-1001", 2)) == ["1-2"]


def test_a_misread_number_cuts_nothing() -> None:
    assert spans(first("INV-1001"), first("INV-1007", 2)) == ["1-2"]


def test_a_blank_sheet_parts_and_belongs_to_nobody() -> None:
    found = split([first("INV-1001"), blank(2), first("INV-2077", 3)], INVOICE)
    assert [piece.pages for piece in found.pieces] == ["1", "3"]
    assert found.separators == (2,)


def test_blank_backs_and_a_blank_sheet_within_numbered_pages_part_nothing() -> None:
    backs = [first("INV-1001"), blank(2), next_page("INV-1001", 3), blank(4)]
    assert spans(*backs) == ["1-3"]
    assert spans(first("A", 1, "Page 1 of 2"), blank(2), next_page("A", 3, "Page 2 of 2")) == ["1-3"]


def test_beside_an_unreadable_page_nothing_is_guessed() -> None:
    lost = Reading(2, failure="page 2 could not be read", signals={"handwriting": 0.0, "table": 0.0})
    assert spans(first("INV-1001"), lost, first("INV-2077", 3)) == ["1-3"]
    assert spans(first("INV-1001"), lost, blank(3), first("INV-2077", 4)) == ["1-4"]


def test_a_barcode_sheet_always_parts() -> None:
    pages = [first("A", 1, "Page 1 of 2"), typed_reading("PATCH", 2), next_page("A", 3, "Page 2 of 2")]
    assert spans(*pages) == ["1-3"]
    assert spans(*pages, p2="SEPARATOR") == ["1", "3"]


def test_weak_evidence_is_told_and_cuts_nothing() -> None:
    pages = [first("INV-1001"), replace(next_page("INV-1001", 2), height=2200)]
    assert spans(*pages) == ["1-2"]
    assert split_findings(pages, INVOICE) == ()
    other = typed_reading(
        """
        Woodland Joinery Ltd
        TAX INVOICE
        Bill to: Moss & Sons
        Due date: 2024-05-01
        Unit price  Amount
        Subtotal  20.00
        Total due 24.00
        """,
        2,
    )
    (finding,) = split_findings([first("INV-1001"), other], INVOICE)
    assert (finding.severity, finding.page) == ("warning", 2)
    assert spans(first("INV-1001"), other) == ["1-2"]


def code(text: str, kind: zxingcpp.BarcodeFormat) -> np.ndarray:
    drawn = np.asarray(zxingcpp.create_barcode(text, kind).to_image(scale=4))
    return cv2.copyMakeBorder(drawn, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=255)


@pytest.mark.parametrize("kind", [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])
def test_a_sheet_is_a_page_with_little_else_than_a_barcode(kind: zxingcpp.BarcodeFormat, tmp_path: Path) -> None:
    sheet, page = Image.new("L", (1200, 1600), 255), page_of_print(1200, 1600)
    for image in (sheet, page):
        image.paste(Image.fromarray(code("NEXT-DOCUMENT", kind)), (80, 1100))
    sheet.save(tmp_path / "scan.tif", save_all=True, append_images=[page])
    readings = [typed_reading("NEXT DOCUMENT", 1), typed_reading("word " * 12 + "\n" + "word " * 12, 2)]
    assert sheets(receive(tmp_path / "scan.tif", Config()), readings, Config()) == {1: "NEXT-DOCUMENT"}


def test_without_the_extra_qr_codes_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.barcodes.find_spec", lambda name: None)
    pixels = np.full((1400, 1200), 255, np.uint8)
    drawn = code("NEXT", zxingcpp.BarcodeFormat.QRCode)
    pixels[200 : 200 + drawn.shape[0], 200 : 200 + drawn.shape[1]] = drawn
    assert barcodes(pixels) == ("NEXT",)
