"""Forms to entries: on pages typed as text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.claim import Claim
from engine.doctype import load_type
from engine.label.features import Layout
from engine.label.lines import readings_to_lines
from engine.label.pairs import lines_to_pairs
from engine.page import Reading
from tests.test_rows import page

FORM = {
    "type": "object",
    "properties": {"entries": {"type": "object", "additionalProperties": {"type": ["string", "null"]}}},
}


def pairs_of(reading: Reading, directory: Path, schema: dict[str, Any] = FORM) -> tuple[Claim, ...]:
    (directory / "form.json").write_text(json.dumps(schema))
    lines = readings_to_lines([reading])
    return lines_to_pairs(Layout(lines, (), (1,)), load_type("form", directory), {1: "ocr"})


def entries(text: str, directory: Path) -> dict[str, object]:
    return {c.pointer.removeprefix("/entries/"): c.value for c in pairs_of(page(text), directory)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name:  John Smith", {"Name": "John Smith"}),
        ("Date: 12/12/98        Time: 10:35 am", {"Date": "12/12/98", "Time": "10:35 am"}),
        ("Name: John Smith    Phone No.: 555 0123", {"Name": "John Smith", "Phone No.": "555 0123"}),
        ("Tenant ........ J. Doe", {"Tenant": "J. Doe"}),
        ("Maker          AMF", {"Maker": "AMF"}),
        ("Remarks:\nSeal was broken on\narrival.", {"Remarks": "Seal was broken on arrival."}),
        ("To: Fernhill Station\n    Norwick", {"To": "Fernhill Station Norwick"}),
        (
            "Product     Lot       Quantity\nPutty       88-31     12 pails",
            {"Product": "Putty", "Lot": "88-31", "Quantity": "12 pails"},
        ),
        ("Signed:\nDate: 1 May 1990", {"Date": "1 May 1990"}),
        ("Fax: 1\nFax: 2", {"Fax": "1", "Fax (2)": "2"}),
        ("Fax (2): 1\nFax: 2\nFax: 3", {"Fax (2)": "1", "Fax": "2", "Fax (3)": "3"}),
        ("Fax: 1\nFax: 2\nFax (2): 3", {"Fax": "1", "Fax (2)": "2", "Fax (2) (2)": "3"}),
        ("Tenant ........ John Doe   Landlord ........ Jane Roe", {"Tenant": "John Doe", "Landlord": "Jane Roe"}),
        ("Tenant ……… John Doe   Landlord _____ Jane Roe", {"Tenant": "John Doe", "Landlord": "Jane Roe"}),
        ("Name / Ext.: Lee", {"Name ~1 Ext.": "Lee"}),
    ],
)
def test_pairs(text: str, expected: dict[str, str], tmp_path: Path) -> None:
    assert entries(text, tmp_path) == expected


@pytest.mark.parametrize(
    "text",
    [
        "at 10:35 the train left the station",
        "Reason:   [ ] trial   [ ] complaint   [x] retest",
        "This is a sentence of several words and it goes on.",
    ],
)
def test_no_pairs(text: str, tmp_path: Path) -> None:
    assert entries(text, tmp_path) == {}


@pytest.mark.parametrize("at", ["", "/entries"])
def test_a_declared_property_is_no_entry_of_the_map_beside_it(at: str, tmp_path: Path) -> None:
    text = {"type": ["string", "null"]}
    names = {"Name": text, "No/Ext": {"type": "object", "properties": {"x": text}}}
    part = {"type": "object", "properties": names, "additionalProperties": text}
    schema = {"type": "object", "properties": {"entries": part, "Maker": text}} if at else part
    found = pairs_of(page("Name: Lee\nName: Kim\nNo/Ext: 12\nMaker: AMF"), tmp_path, schema)
    assert [claim.pointer for claim in found] == [f"{at}/Maker"]


def test_a_value_goes_on_whether_it_stands_beside_its_label_or_below(tmp_path: Path) -> None:
    """And each sort of pair is worth something of its own."""
    beside, below = (pairs_of(page(text), tmp_path)[0] for text in ("To: Hill\n    Wick", "To:\nHill\nWick"))
    assert (beside.value, below.value) == ("Hill Wick", "Hill Wick")
    assert beside.confidence > below.confidence


def test_strokes_and_boxes_give_no_value(tmp_path: Path) -> None:
    reading = page("Signed:   Vwo ~")
    unsure = tuple(replace(w, confidence=0.3) if i else w for i, w in enumerate(reading.words))
    assert pairs_of(replace(reading, words=unsure), tmp_path) == ()


def test_a_claim_says_where_its_value_stands(tmp_path: Path) -> None:
    (claim,) = pairs_of(page("Name:  John Smith"), tmp_path)
    assert claim.box is not None
    assert (claim.printed, claim.page) == ("John Smith", 1)
    assert claim.box.as_list()[::2] == [0.07, 0.17]
    assert 0.3 < claim.confidence < 0.9
