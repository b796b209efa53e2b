"""A result in the order and the words in which people look at it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.doctype import load_type
from engine.result import Field, Finding
from engine.view.document import document_view, mark_of, row_of
from engine.view.doubts import doubts
from tests import sample_results as sample


def test_what_is_wrong_comes_before_what_may_be_and_the_document_last() -> None:
    receipt = sample.receipt()
    result = replace(
        receipt,
        fields=receipt.fields | {"/paid": replace(receipt.fields["/paid"], verdict="contradicted")},
        findings=(
            Finding("", "route", "error", "wanted a VLM"),
            Finding("/total", "witness", "warning", "a critical value is silent"),
            *receipt.findings,
        ),
    )
    assert [(doubt.path, doubt.level) for doubt in doubts(result)] == [
        ("/date", "error"),
        ("/paid", "error"),  # contradicted, though no finding says so
        ("", "error"),
        ("/total", "warning"),
    ]


def test_the_view_has_the_types_words_the_values_as_printed_and_the_reasons() -> None:
    view = document_view(sample.receipt(), "a", load_type("receipt"))
    fields = {field["path"]: field for field in view["fields"]}
    total, date, amount = fields["/total"], fields["/date"], fields["/line_items/0/amount"]
    assert (total["value"], total["printed"], total["critical"], total["doubt"]) == ("9.00", "RM9.00", True, None)
    assert (date["value"], date["missing"], date["doubt"]) == (None, "absent", "error")
    assert [reason["message"] for reason in date["reasons"]] == ["date is required and was not found"]
    assert (amount["value"], amount["row"], amount["label"]) == ("-1.50", "/line_items/0", "Amount")
    assert view["doubts"] == ["/date"]
    assert [page["route"] for page in view["pages"]] == ["ocr", "blank"]


def test_a_row_is_the_innermost_entry_and_a_persons_word_stands_above_the_witness() -> None:
    assert [row_of(path) for path in ("/total", "/rows/3/amount", "/a/1/b/2", "/names/0")] == [
        None, "/rows/3", "/a/1/b/2", "/names/0",
    ]  # fmt: skip
    assert mark_of(Field(Decimal(1), source="human", verdict="contradicted")) == "human"
    assert mark_of(Field(Decimal(1), verdict="silent")) == "silent"
