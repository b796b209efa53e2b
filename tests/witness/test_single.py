"""Values outside tables against what stands at their leaves' places, on typed pages of one and of two readers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.doctype import load_type
from engine.page import Reading
from engine.witness.judgement import Judgement
from engine.witness.sight import Sight
from engine.witness.single import judge_single
from tests.pages import typed_reading

INVOICE = """
    Marlow & Finch Stationery Ltd
    12 Quayside Road, Bristol

    Invoice number: MF-20418            Invoice date: 25/03/2024
    Due date: 24/04/2024

    Bill to
    Harbour Lane Dental Practice

    Subtotal                                        1,184.50
    VAT 20%                                           236.90
    Total due                                       1,421.40
"""
DOCTYPE = load_type("invoice")
LEAVES = {leaf.pointer: leaf for leaf in DOCTYPE.leaves}


def judged(pointer: str, value: Any, *pages: str) -> Judgement:
    """The verdict by as many readers as there are pages."""
    return judge_single(LEAVES[pointer], value, sights(*map(typed_reading, pages)))


def sights(*readings: Reading) -> list[Sight]:
    readers = ("tesseract", "paddle")
    return [Sight(reader, (reading,), DOCTYPE) for reader, reading in zip(readers, readings, strict=False)]


@pytest.mark.parametrize(
    ("pointer", "value", "verdict"),
    [
        ("/total", Decimal("1421.40"), "confirmed"),
        ("/total", Decimal("1184.50"), "contradicted"),  # the subtotal put where the total belongs
        ("/total", Decimal("1412.40"), "contradicted"),  # two digits swapped
        ("/total", Decimal("14214.0"), "contradicted"),
        ("/subtotal", Decimal("1184.50"), "confirmed"),
        ("/subtotal", Decimal("1421.40"), "contradicted"),
        ("/invoice_number", "MF-20418", "confirmed"),
        ("/invoice_number", "MF20418", "confirmed"),  # a separator is no difference
        ("/invoice_number", "MF-20419", "contradicted"),
        ("/date", "2024-03-25", "confirmed"),
        ("/date", "2024-03-26", "contradicted"),
        ("/due_date", "2024-03-25", "contradicted"),  # the date of another role
        ("/date", "2024-04-24", "contradicted"),
        ("/due_date", "2024-04-24", "confirmed"),
    ],
)
def test_a_value_is_judged_at_its_leaf_s_place(pointer: str, value: Any, verdict: str) -> None:
    assert judged(pointer, value, INVOICE, INVOICE).verdict == verdict


@pytest.mark.parametrize(("pointer", "value"), [("/total", Decimal("1412.40")), ("/due_date", "2024-03-25")])
def test_one_reader_by_itself_accuses_nobody(pointer: str, value: Any) -> None:
    assert judged(pointer, value, INVOICE).verdict == "silent"


def test_a_misreading_of_one_reader_is_no_accusation() -> None:
    misread = INVOICE.replace("1,421.40", "1,427.40")
    assert judged("/total", Decimal("1421.40"), misread, INVOICE).verdict == "confirmed"
    found = judged("/total", Decimal("1421.40"), misread, misread.replace("1,427.40", "1,421.10"))
    assert found.verdict == "silent"
    assert found.witness is not None


def test_what_could_be_the_claim_misread_is_neither_proof_nor_guilt() -> None:
    lost = INVOICE.replace("1,421.40", "1,42140")
    found = judged("/total", Decimal("1421.40"), lost, lost)
    assert found.verdict == "silent"


def test_a_confirmed_value_has_the_box_of_its_words() -> None:
    found = judged("/total", Decimal("1421.40"), INVOICE, INVOICE)
    (word,) = [w for w in typed_reading(INVOICE).words if w.text == "1,421.40"]
    assert (found.page, found.box, found.witness, found.quality) == (1, word.box, "1,421.40", "exact")


def test_a_text_layer_is_believed_without_a_second_reader() -> None:
    page = typed_reading(INVOICE)
    digital = replace(page, source="text_layer", words=tuple(replace(w, reader="text_layer") for w in page.words))
    found = judge_single(LEAVES["/total"], Decimal("1412.40"), sights(digital)[:1])
    assert (found.verdict, found.witness) == ("contradicted", "1,421.40")


@pytest.mark.parametrize(
    ("day", "verdict"), [("2024-04-03", "confirmed"), ("2024-03-04", "contradicted"), ("2024-04-04", "contradicted")]
)
def test_day_and_month_are_told_by_the_document_s_other_dates(day: str, verdict: str) -> None:
    page = INVOICE.replace("24/04/2024", "03/04/2024")  # 25/03/2024 beside it can only be day first
    assert judged("/due_date", day, page, page).verdict == verdict


def test_an_order_that_nobody_tells_confirms_neither_date() -> None:
    bare = replace(DOCTYPE, date_order=None)
    page = typed_reading(INVOICE.replace("25/03/2024", "05/03/2024").replace("24/04/2024", "04/04/2024"))
    leaf = next(leaf for leaf in bare.leaves if leaf.pointer == "/date")
    both = [Sight("tesseract", (page,), bare), Sight("paddle", (page,), bare)]
    assert judge_single(leaf, "2024-03-05", both).verdict != "confirmed"
    assert judge_single(leaf, "2024-05-03", both).verdict != "confirmed"


def test_a_name_is_held_against_whole_words() -> None:
    assert judged("/customer", "Harbour Lane Dental Practice", INVOICE, INVOICE).verdict == "confirmed"
    assert judged("/customer", "Harbour Road Dental Practice", INVOICE, INVOICE).verdict != "confirmed"
    assert judged("/customer", "Marlow & Finch Stationery Ltd", INVOICE, INVOICE).verdict != "confirmed"


def test_what_stands_nowhere_is_told_as_such() -> None:
    assert judged("/customer", "Northfield Weaving Mill", INVOICE, INVOICE).evidence["nowhere"] == 1.0
    assert judged("/customer", "Harbour Lane Dental Pract1ce", INVOICE, INVOICE).evidence["nowhere"] == 0.0
    assert judged("/total", Decimal("77.13"), INVOICE, INVOICE).evidence["nowhere"] == 1.0
    assert judged("/total", Decimal("236.90"), INVOICE, INVOICE).evidence["nowhere"] in (0.0, 1.0)
