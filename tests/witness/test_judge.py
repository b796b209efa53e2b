"""Whole documents judged: fields in, verdicts, boxes, confidences and findings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.doctype import load_type
from engine.page import Box, Reading, Region, Word
from engine.result import Field
from engine.witness.judge import Asks, bear_witness
from engine.witness.second_look import apart
from tests.pages import typed_reading
from tests.witness.test_single import INVOICE

DOCTYPE = load_type("invoice")
PAGE = typed_reading(INVOICE)
MISREAD = typed_reading(INVOICE.replace("1,421.40", "1,427.46"))


class Second:
    """A second reader that counts what it is asked."""

    def __init__(self, *pages: Reading) -> None:
        self.pages = {page.page: page for page in pages}
        self.asked: list[int] = []

    def __call__(self, readings: Sequence[Reading]) -> Mapping[int, Reading]:
        self.asked += [reading.page for reading in readings]
        return {r.page: self.pages[r.page] for r in readings if r.page in self.pages}


def claims(**values: Any) -> dict[str, Field]:
    return {f"/{name}": Field(value, str(value), 1, None, "vlm", confidence=0.99) for name, value in values.items()}


def test_a_contradiction_is_an_error_with_what_stands_there() -> None:
    fields, findings = bear_witness(claims(total=Decimal("1429.40")), DOCTYPE, [PAGE], Asks(Second(PAGE)))
    total = fields["/total"]
    assert (total.verdict, total.witness, total.value) == ("contradicted", "1,421.40", Decimal("1429.40"))
    assert (total.confidence or 1) < 0.5
    (finding,) = findings
    assert (finding.path, finding.check, finding.severity, finding.page) == ("/total", "witness", "error", 1)
    assert "1,421.40" in finding.message


def test_a_confirmed_value_says_nothing_and_is_likely_right() -> None:
    fields, findings = bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [PAGE], Asks(Second(PAGE)))
    total = fields["/total"]
    assert not findings
    assert (total.verdict, total.box_quality) == ("confirmed", "exact")
    assert total.box is not None
    assert (total.confidence or 0) > 0.9


def test_a_page_is_read_again_only_where_a_value_is_in_doubt() -> None:
    other = replace(typed_reading("Nothing of interest here."), page=2)
    look = Second(PAGE, other)
    bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [PAGE, other], Asks(look))
    sure = list(look.asked)
    bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [MISREAD, other], Asks(look))
    assert sure in ([], [1])
    assert look.asked[len(sure) :] == [1]


def test_a_second_reader_of_another_kind_confirms_what_the_first_misread() -> None:
    fields, _ = bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [MISREAD], Asks(Second(PAGE)))
    assert fields["/total"].verdict == "confirmed"
    alone, findings = bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [MISREAD])
    assert alone["/total"].verdict == "silent"
    assert findings[0].path == "/total"


def test_what_nobody_sees_is_an_error_and_what_is_unsure_a_warning() -> None:
    _, findings = bear_witness(claims(total=Decimal("77.13")), DOCTYPE, [PAGE])
    assert [f.severity for f in findings] == ["error"]
    lost = typed_reading(INVOICE.replace("1,421.40", "1,42140"))
    _, findings = bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [lost])
    assert [f.severity for f in findings] == ["warning"]
    _, findings = bear_witness(claims(total=Decimal("1421.40")), DOCTYPE, [lost], Asks(Second(lost)))
    assert [f.severity for f in findings] == ["error"]  # two readers of different kinds hardly misread it alike


def test_handwriting_contradicts_nothing() -> None:
    written = replace(PAGE, regions=(Region("handwriting", Box(0.0, 0.0, 1.0, 1.0), 0.9),))
    fields, findings = bear_witness(claims(total=Decimal("1429.40")), DOCTYPE, [written], Asks(Second(PAGE)))
    assert fields["/total"].verdict == "silent"
    assert "handwriting" in findings[0].message


def test_one_reader_s_own_values_are_not_its_own_witness() -> None:
    own = {"/total": Field(Decimal("1421.40"), "1,421.40", 1, Box(0, 0, 1, 1), "ocr", confidence=0.99)}
    assert bear_witness(own, DOCTYPE, [PAGE], Asks(Second(PAGE))) == (own, ())


@pytest.mark.parametrize(("other", "confidence", "verdict"), [
    ("1,421.40", 0.99, "confirmed"), ("1,427.46", 0.99, "silent"), ("1,421.40", 0.5, "silent"),
])  # fmt: skip
def test_values_of_two_readers_are_held_against_each(other: str, confidence: float, verdict: str) -> None:
    words = tuple(
        replace(w, other=other if w.text == "1,421.40" else w.text, agreed=w.text != "1,421.40" or other == w.text)
        for w in PAGE.words
    )
    own = {"/total": Field(Decimal("1421.40"), "1,421.40", 1, None, "ocr", confidence=confidence)}
    fields, _ = bear_witness(own, DOCTYPE, [replace(PAGE, words=words)])
    assert fields["/total"].verdict == verdict


def test_pages_of_two_readers_are_taken_apart() -> None:
    box = Box(0, 0, 1, 1)
    words = (
        Word("9.00", box, 0.9, 0, "tesseract", "9.06", False),
        Word("RM", box, 0.9, 0, "paddle", "", False),
        Word("Total", box, 0.9, 0, "text_layer"),
    )
    page = Reading(1, words=words)
    assert [w.text for w in apart([page], "tesseract")[0].words] == ["9.00", "Total"]
    assert [w.text for w in apart([page], "paddle")[0].words] == ["9.06", "RM", "Total"]


def test_entries_of_an_open_map_are_looked_for_at_their_labels() -> None:
    form = load_type("form")
    page = typed_reading(
        """
        REQUEST FORM

        Applicant name:   Ida Marsh         Badge number:  88213
        Department:       Dyeing            Extension:     417
        """
    )
    claimed = {
        "/entries/Badge number": Field("88213", "88213", 1, None, "vlm"),
        "/entries/Extension": Field("88213", "88213", 1, None, "vlm"),
        "/entries/Department": Field("Dyeing", "Dyeing", 1, None, "vlm"),
        "/entries/Shoe size": Field("417", "417", 1, None, "vlm"),
    }
    fields, _ = bear_witness(claimed, form, [page])
    found = [field.verdict for field in fields.values()]
    assert found == ["confirmed", "silent", "confirmed", "silent"]
