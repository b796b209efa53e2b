"""Entries of an open map against what stands at their labels: the whole of it, and nothing of the next label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.doctype import load_type
from engine.page import Reading
from engine.result import Field
from engine.witness.judgement import Judgement
from engine.witness.open_map import judge_entries
from engine.witness.sight import Sight
from tests.pages import typed_reading

DENSE = """
    Name: Rosa Lindqvist   City: Tampere
    Phone: 617-555-0123  Fax: 617-555-0199
    Fee: 12.50   Refund: -40.00
    Deposit: 75.00
"""
FORM = """
                ENTRY FORM

    Name:      Rosa Lindqvist          Company Name:   Birch & Sons Ltd

    Bank:      First City Bank         City:           Tampere

    Remarks:   do not ring             Size:           1.25 x 4.0 m

    Address:   14 Harbour Road
               Kuopio 70100

    Due date:  03/04/2019              Members:        12 persons

    Signed on:
    25/03/2019

    Town       Turku
"""
RIGHT = {
    "Name": "Rosa Lindqvist",
    "Company Name": "Birch and Sons, Ltd.",
    "Bank": "First City Bank",
    "City": "Tampere",
    "Remarks": "do not ring",
    "Size": "1.25 x 4.0 m",
    "Address": "14 Harbour Road, Kuopio 70100",
    "Due date": "03/04/2019",
    "Members": "12",
    "Signed on": "2019-03-25",
    "Town": "Turku",
}
RIGHT_DENSE = {
    "Name": "Rosa Lindqvist",
    "City": "Tampere",
    "Phone": "617-555-0123",
    "Fax": "617-555-0199",
    "Fee": "12.50",
    "Refund": "-40.00",
    "Deposit": "75.00",
}


def judged(entries: Mapping[str, Any], *pages: str | Reading) -> dict[str, Judgement]:
    """By key; each page is what another reader saw."""
    readings = [typed_reading(page) if isinstance(page, str) else page for page in pages]
    sights = [Sight("tesseract", (reading,), load_type("form")) for reading in readings]
    fields = {f"/entries/{key}": Field(value, source="vlm") for key, value in entries.items()}
    return {pointer.removeprefix("/entries/"): j for pointer, j in judge_entries(fields, sights).items()}


@pytest.mark.parametrize(("page", "entries"), [(DENSE, RIGHT_DENSE), (FORM, RIGHT)])
def test_what_stands_at_its_label_is_confirmed(page: str, entries: dict[str, str]) -> None:
    assert {key: judgement.verdict for key, judgement in judged(entries, page).items()} == dict.fromkeys(
        entries, "confirmed"
    )


WRONG = [
    # page, key, value: of another label, cut, with another sign or point, or one letter off
    (DENSE, "Name", "Tampere"),
    (DENSE, "Name", "Rosa"),
    (DENSE, "Name", "Lindqvist"),
    (DENSE, "Name", "Rosa Lindqvist City Tampere"),
    (DENSE, "City", "617-555-0199"),
    (DENSE, "Phone", "617-555-0199"),
    (DENSE, "Phone", "617-555"),
    (DENSE, "Fax", "12.50"),
    (DENSE, "Fee", "125.0"),
    (DENSE, "Fee", "1.250"),
    (DENSE, "Fee", "-12.50"),
    (DENSE, "Fee", Decimal("-40.00")),
    (DENSE, "Refund", "40.00"),
    (DENSE, "Deposit", "-75.00"),
    (FORM, "Name", "Birch & Sons Ltd"),  # the Company Name is another one
    (FORM, "City", "Bank"),  # the word stands in a value
    (FORM, "Bank", "First"),
    (FORM, "Remarks", "do ring"),
    (FORM, "Size", "12.5 x 40 m"),
    (FORM, "Size", "-1.25 x 4.0 m"),
    (FORM, "Address", "14 Harbour Road"),
    (FORM, "Address", "Harbour Road Kuopio 70100"),
    (FORM, "Due date", "04/03/2019"),
    (FORM, "Members", "1"),
    (FORM, "Signed on", "2019-03-26"),
    (FORM, "Town", "Turko"),
    (FORM, "Town", True),
    (FORM, "Town", ""),
]


@pytest.mark.parametrize(("page", "key", "value"), WRONG)
def test_anything_else_is_not(page: str, key: str, value: Any) -> None:
    others = RIGHT_DENSE if page == DENSE else RIGHT
    assert judged({**others, key: value}, page)[key].verdict == "silent"
    assert judged({key: value}, page)[key].verdict == "silent"  # whatever else is claimed


def test_a_key_without_a_colon_ends_the_value_before_it() -> None:
    page = "Name: Rosa Lindqvist   City Tampere"
    assert judged({"Name": "Rosa Lindqvist", "City": "Tampere"}, page)["Name"].verdict == "confirmed"
    assert judged({"Name": "Rosa Lindqvist"}, page)["Name"].verdict == "silent"


def test_one_reader_is_enough() -> None:
    blurred = "Nane; Roso Lindqvlst"
    found = judged({"Name": "Rosa Lindqvist"}, blurred, "Name: Rosa Lindqvist")["Name"]
    assert (found.verdict, found.witness, found.page) == ("confirmed", "Rosa Lindqvist", 1)
    assert found.evidence == {"share": 1.0, "word": 0.96}


def test_a_figure_that_the_reader_is_not_sure_of_is_not_left_out() -> None:
    reading = typed_reading("Fee: 1 200")
    doubtful = replace(reading.words[1], confidence=0.3)
    reading = replace(reading, words=(reading.words[0], doubtful, reading.words[2]))
    assert judged({"Fee": "200"}, reading)["Fee"].verdict == "silent"


def test_a_minus_that_stands_apart_is_not_left_out() -> None:
    page = "Fee: - 40.00"
    assert judged({"Fee": "40.00"}, page)["Fee"].verdict == "silent"
    assert judged({"Fee": "Rosa Lindqvist"}, "Fee: Rosa Lindqvist")["Fee"].verdict == "confirmed"


def test_a_label_does_not_swallow_a_word_of_its_value() -> None:
    page = "Remarks do not ring"
    assert judged({"Remarks": "do not ring"}, page)["Remarks"].verdict == "confirmed"
    assert judged({"Remarks": "not ring"}, page)["Remarks"].verdict == "silent"


def test_no_letter_is_forgiven_in_a_text_layer() -> None:
    scan = typed_reading("Town: Turku Haven")
    digital = replace(scan, words=tuple(replace(word, reader="text_layer") for word in scan.words))
    assert judged({"Town": "Turku Hauen"}, scan)["Town"].verdict == "confirmed"
    assert judged({"Town": "Turku Hauen"}, digital)["Town"].verdict == "silent"


@pytest.mark.parametrize(
    ("value", "nowhere"),
    [
        ("Tampere", 0.0),  # at another label
        ("Zebra Quartz", 1.0),
        ("99.95", 1.0),
        ("72.50", 0.0),  # 12.50 misread
        (Decimal("75.00"), 0.0),
        ("2019-03-25", 1.0),
        ("", 0.0),
    ],
)
def test_an_invented_entry_stands_nowhere(value: Any, nowhere: float) -> None:
    assert judged({"Name": value}, DENSE)["Name"].evidence == {"nowhere": nowhere}
