"""From claims to a status: merge, route, decide, identify, and the whole way on bundled documents."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.claim import Claim
from engine.config import Config
from engine.decide import decide
from engine.doctype import list_types, load_type, schema_to_type
from engine.flow import extract, readings_to_result, route
from engine.identify import identify
from engine.label.candidates import identifier_candidates
from engine.label.claims import readings_to_claims
from engine.label.lines import readings_to_lines
from engine.merge import claims_to_fields, fields_to_data
from engine.page import Box, Reading
from engine.receive import Document
from engine.result import Field, Finding, PageResult
from engine.route import decide_route
from tests.pages import typed_reading

FIXTURES = Path(__file__).parents[1] / "fixtures"
RECEIPT = load_type("receipt")
BOX = Box(0.1, 0.1, 0.2, 0.2)
PAGE = PageResult(1, "ocr", "", {}, "complete")


def sure(doctype=RECEIPT, confidence=0.99):
    return {leaf.pointer: Field("x", "x", 1, BOX, confidence=confidence) for leaf in doctype.leaves if leaf.critical}


def test_clean_needs_every_critical_leaf_vouched_for() -> None:
    assert decide(RECEIPT, sure(), (), [PAGE]) == "clean"
    assert decide(RECEIPT, sure(confidence=RECEIPT.threshold - 0.01), (), [PAGE]) == "review"
    assert decide(RECEIPT, sure() | {"/total": Field(None, missing="absent")}, (), [PAGE]) == "review"


def test_warnings_alone_never_prevent_clean() -> None:
    warning = Finding("/total", "arithmetic", "warning", "…")
    assert decide(RECEIPT, sure(), (warning,), [PAGE]) == "clean"
    assert decide(RECEIPT, sure(), (replace(warning, severity="error"),), [PAGE]) == "review"


def test_a_contradiction_and_a_broken_page_send_to_review() -> None:
    contradicted = sure() | {"/tax": Field(Decimal(1), "1", 1, BOX, verdict="contradicted")}
    assert decide(RECEIPT, contradicted, (), [PAGE]) == "review"
    broken = replace(PAGE, page=2, outcome="failed")
    assert decide(RECEIPT, sure(), (), [PAGE, broken]) == "review"
    assert decide(RECEIPT, sure(), (), [broken]) == "failed"


def test_pages_left_out_on_request_are_no_doubt() -> None:
    assert decide(RECEIPT, sure(), (), [PAGE, replace(PAGE, page=2, outcome="skipped")]) == "clean"


def reading(page=1, words="some words on a page", **signals):
    return replace(typed_reading(words, page), signals={"handwriting": 0.0, "table": 0.0, "ink": 0.05, **signals})


@pytest.mark.parametrize(
    ("given", "options", "cause"),
    [
        (reading(words="", ink=0.0), {}, "blank"),
        (reading(handwriting=0.9, table=0.9), {"requires": frozenset({"table"})}, "handwriting"),
        (reading(table=0.9, columns=0.1), {"requires": frozenset({"table"})}, "table"),
        (reading(table=0.9, columns=0.9), {"requires": frozenset({"table"})}, "ocr"),
        (reading(table=0.9, columns=0.1), {}, "ocr"),
        (replace(reading(layout=0.9), source="text_layer"), {}, "text_layer"),
        (reading(ocr_confidence=0.2), {"pages": 51}, "poor_ocr"),
        (reading(layout=0.9), {"pages": 51}, "page_limit"),
        (reading(layout=0.9), {"pages": 50}, "layout"),
        (reading(layout=0.1), {}, "ocr"),
        (reading(handwriting=0.9), {"forced": "ocr"}, "forced"),
        (Reading(1, failure="page 1 is broken"), {}, "failed"),
    ],
)
def test_the_first_reason_that_holds_decides(given, options, cause) -> None:
    decision = decide_route(given, **options)
    assert decision.cause == cause
    assert decision.reason


def claim(pointer, value, page=1, confidence=0.9, **more):
    return Claim(pointer, value, str(value), page, BOX, confidence, **more)


def merged(pointer, *claims):
    fields, findings = claims_to_fields(claims, RECEIPT, {})
    return fields[pointer], findings


def test_merge_takes_the_page_that_the_leaf_asks_for() -> None:
    one, two = claim("/date", "2020-01-01", 1), claim("/date", "2020-02-02", 2)
    assert merged("/date", two, one)[0].value == "2020-01-01"  # the first page
    assert merged("/total", claim("/total", 1, 1), claim("/total", 2, 2))[0].value == 2  # the last
    assert merged("/total", claim("/total", 1, 1), claim("/total", 2, 2, 0.1))[0].value == 1  # a guess has no say


def test_an_assumed_date_order_is_told() -> None:
    _, findings = merged("/date", claim("/date", "2020-05-04", ambiguous=True))
    assert [(f.path, f.check, f.severity) for f in findings] == [("/date", "date", "warning")]


def test_an_identifier_behind_a_sign_of_money_is_never_clean() -> None:
    """OCR reads S95K04471 as $95K04471, with confidence."""
    (line,) = readings_to_lines([typed_reading("Meter $95K04471")])
    (found,) = identifier_candidates([line])
    assert (found.value, found.ambiguous) == ("95K04471", True)
    invoice = load_type("invoice")
    number = Claim("/invoice_number", found.value, found.printed, 1, found.box, 0.99, "ocr", found.ambiguous)
    _, findings = claims_to_fields([number], invoice, {})
    assert [(f.path, f.severity) for f in findings] == [("/invoice_number", "error")]


def test_a_value_by_its_place_alone_is_never_clean() -> None:
    """On this paper "date of supply" stands where the date of issue usually does."""
    schema = {
        "type": "object",
        "properties": {
            "issued": {
                "type": ["string", "null"],
                "format": "date",
                "x-labels": ["issued on"],
                "x-place": {"page": 1, "box": [0.2, 0.0, 0.6, 0.2]},
                "x-critical": True,
            }
        },
    }
    doctype = schema_to_type(Path("slip.json"), schema)
    told = typed_reading("""
        ACME POWER

        Date of supply      2024-06-01
    """)
    (claimed,) = readings_to_claims([told], doctype)
    assert (claimed.value, claimed.by_place) == ("2024-06-01", True)
    assert claimed.confidence <= 0.5
    _, findings = claims_to_fields([claimed], doctype, {})
    assert [(f.path, f.severity) for f in findings] == [("/issued", "error")]
    labelled = replace(told, words=typed_reading("ACME POWER\n\nIssued on           2024-06-01").words)
    (claimed,) = readings_to_claims([labelled], doctype)
    assert not claimed.by_place


def test_every_leaf_has_a_field_and_rows_keep_their_shape() -> None:
    fields, _ = claims_to_fields([claim("/line_items/0/amount", Decimal("9.00"), page=3)], RECEIPT, {})
    assert fields["/line_items/0/amount"].page == 3
    assert fields["/line_items/0/description"].missing == "absent"
    data = fields_to_data(fields, RECEIPT)
    assert data["line_items"] == [
        {"description": None, "quantity": None, "unit_price": None, "amount": Decimal("9.00")}
    ]
    empty, _ = claims_to_fields([], RECEIPT, dict.fromkeys((leaf.pointer for leaf in RECEIPT.leaves), "failed"))
    assert empty["/line_items"].missing == "failed"
    assert fields_to_data(empty, RECEIPT)["line_items"] == []


DOCUMENT = Document(Path("a.pdf"), "0" * 64, "pdf", "PDF", 1)


def test_a_page_that_wanted_a_model_makes_the_document_review() -> None:
    result = readings_to_result(DOCUMENT, [reading(handwriting=0.9)], RECEIPT, Config())
    assert result.status == "review"
    assert result.pages[0].route == "ocr"
    assert "handwriting" in result.pages[0].reason
    assert [f.check for f in result.findings if f.severity == "error" and f.page == 1] == ["route"]
    forced = readings_to_result(DOCUMENT, [reading(handwriting=0.9)], RECEIPT, Config(route="ocr"))
    assert not [f for f in forced.findings if f.check == "route"]


def test_every_doubt_about_a_critical_leaf_is_told() -> None:
    result = readings_to_result(DOCUMENT, [reading()], RECEIPT, Config())
    told = {f.path for f in result.findings if f.check == "witness"}
    assert told == {leaf.pointer for leaf in RECEIPT.leaves if leaf.critical}
    assert all(f.severity == "warning" for f in result.findings if f.check == "witness")


def test_pages_that_the_document_does_not_have() -> None:
    result = readings_to_result(DOCUMENT, [], RECEIPT, Config(pages="9"))
    assert result.status == "failed"
    assert [page.outcome for page in result.pages] == ["skipped"]
    assert "--pages" in result.findings[0].message


def test_an_unreadable_leaf_says_so() -> None:
    result = readings_to_result(DOCUMENT, [reading(handwriting=0.9)], RECEIPT, Config())
    assert result.fields["/total"].missing == "unreadable"
    result = readings_to_result(DOCUMENT, [reading()], RECEIPT, Config())
    assert result.fields["/total"].missing == "absent"


def test_an_unknown_type_is_no_guess() -> None:
    every = [load_type(name) for name, _ in list_types()]
    found = identify([typed_reading("Dear Anna,\nthe weather by the lake is fine.")], every)
    assert found.type is None
    assert found.reason


def test_a_missing_file_is_an_error_and_a_broken_one_a_result(tmp_path: Path) -> None:
    broken = tmp_path / "scan.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing else")
    result = extract(broken, type="receipt")
    assert result.status == "failed"
    assert set(result.data) == set(RECEIPT.schema["properties"])
    assert {field.missing for field in result.fields.values()} == {"failed"}
    assert result.findings[0].severity == "error"


def test_the_bundled_receipt_from_file_to_result() -> None:
    result = extract(FIXTURES / "receipt_thermal" / "receipt.jpg")
    assert result.type == "receipt"
    assert result.data["total"] == Decimal("89.15")
    assert result.data["date"] == "2024-03-14"
    box = result.fields["/total"].box
    assert box is not None
    assert 0 <= box.x0 < box.x1 <= 1
    assert result.pages[0].route == "ocr"


def test_a_page_that_ocr_cannot_read_wants_a_model() -> None:
    (page,) = route(FIXTURES / "receipt_illegible" / "tearoom-2.pdf").pages
    assert page.route == "vlm"
    assert page.reason


def test_a_mixed_document_is_routed_page_by_page() -> None:
    pages = route(FIXTURES / "invoice_mixed_pages" / "glasswing.pdf").pages
    assert [page.route for page in pages] == ["text_layer", "ocr", "blank"]
