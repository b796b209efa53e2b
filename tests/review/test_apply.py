"""What is shown is made of the engine's result and the decisions alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.page import Box
from engine.result import Field, Finding, PageResult
from engine.review.apply import apply, other_type
from engine.review.doubts import open_doubts
from tests.review.made import RECEIPT, dismissed, receipt, said


def messages(result, severity):
    return [finding.message for finding in result.findings if finding.severity == severity]


def test_without_a_standing_decision_the_result_is_the_engine_s():
    original = receipt()
    assert apply(original, (), RECEIPT) is original
    undone = (said("accept", "/total", 1), said("undo", "/total", 2, undoes="1"))
    assert apply(original, undone, RECEIPT) is original


def test_an_accepted_value_is_the_person_s_and_its_own_doubts_go():
    original = receipt()
    result = apply(original, [said("accept", "/total")], RECEIPT)
    field = result.fields["/total"]
    assert (field.value, field.source, field.verdict, field.confidence) == (Decimal("8.00"), "human", "confirmed", None)
    assert (field.page, field.box) == (1, original.fields["/total"].box)
    assert not [f for f in result.findings if f.check == "witness" and f.path == "/total"]
    assert result.data == original.data


def test_who_accepts_a_correction_accepts_the_correction():
    corrected = said("correct", "/total", 1, value=Decimal("9.00"), printed="9.00", page=1, box=Box(0, 0, 1, 0.1))
    result = apply(receipt(), [corrected, said("accept", "/total", 2)], RECEIPT)
    assert result.data["total"] == result.fields["/total"].value == Decimal("9.00")
    assert (result.fields["/total"].printed, result.fields["/total"].box) == ("9.00", Box(0, 0, 1, 0.1))


def test_a_rule_that_an_accepted_value_breaks_stands_until_it_is_dismissed():
    paid = Field(Decimal("10.00"), "10.00", 1, Box(0, 0, 1, 0.1), "ocr", "confirmed", "10.00", 0.99)
    original = receipt(cash=paid, change=replace(paid, value=Decimal("1.00"), printed="1.00", witness="1.00"))
    accepted = said("accept", "/total", 1)
    result = apply(original, [accepted], RECEIPT)
    broken = [f for f in result.findings if f.check == "arithmetic" and f.severity == "error"]
    assert broken, "8.00 is not 10.00 - 1.00"
    result = apply(original, [accepted, *(dismissed(f, n, "a rebate") for n, f in enumerate(broken, 2))], RECEIPT)
    assert all(f.severity == "warning" for f in result.findings if f.check == "arithmetic")
    assert any(f.message.endswith("(dismissed by Ann: a rebate)") for f in result.findings)
    # the data changed: what was dismissed of the old value says nothing of the new one
    again = said("correct", "/total", 9, value=Decimal("7.00"), printed="7.00")
    result = apply(original, [accepted, *(dismissed(f, n) for n, f in enumerate(broken, 2)), again], RECEIPT)
    assert [f for f in result.findings if f.check == "arithmetic" and f.severity == "error"]


def test_a_corrected_value_stands_where_its_box_was_drawn_and_nowhere_else():
    drawn = said("correct", "/total", value=Decimal("9.00"), printed="RM9.00", page=1, box=Box(0.1, 0.2, 0.3, 0.4))
    field = apply(receipt(), [drawn], RECEIPT).fields["/total"]
    assert (field.value, field.printed, field.page, field.box) == (
        Decimal("9.00"),
        "RM9.00",
        1,
        Box(0.1, 0.2, 0.3, 0.4),
    )
    result = apply(receipt(), [said("correct", "/total", value=Decimal("9.00"), printed="9")], RECEIPT)
    assert (result.fields["/total"].page, result.fields["/total"].box) == (None, None)
    assert result.data["total"] == Decimal("9.00")


def test_what_a_person_marked_absent_is_no_error_and_says_who_said_so():
    original = receipt()
    assert any(f.path == "/date" and f.check == "schema" for f in original.findings if f.severity == "error")
    result = apply(original, [said("absent", "/date")], RECEIPT)
    (told,) = [f for f in result.findings if f.path == "/date"]
    assert (told.severity, told.message) == ("warning", "date is missing: Ann says that it is not there")
    assert (result.fields["/date"].value, result.fields["/date"].missing) == (None, "absent")
    assert "/date" not in [doubt.path for doubt in open_doubts(result, RECEIPT) if doubt.needed]


def test_a_document_is_clean_when_nothing_is_left():
    original = receipt()
    route = next(f for f in original.findings if f.check == "route")
    stand = [said("correct", "/total", 1, value=Decimal("9.00"), printed="9.00"), said("absent", "/date", 2)]
    assert apply(original, stand, RECEIPT).status == "review", "the page still wants a model"
    result = apply(original, [*stand, dismissed(route, 3, "looked")], RECEIPT)
    assert result.status == "clean"
    assert any(f.check == "route" and "(dismissed by Ann: looked)" in f.message for f in result.findings)
    assert not [doubt for doubt in open_doubts(result, RECEIPT) if doubt.needed]
    back = apply(original, [*stand, dismissed(route, 3), said("undo", "/date", 4, undoes="2")], RECEIPT)
    assert back.status == "review"
    assert back.fields["/date"] == original.fields["/date"]


def test_a_page_that_was_not_read_is_settled_by_dismissing_what_is_said_of_it():
    whole = receipt()
    lost = PageResult(2, "ocr", "it hung", {"handwriting": 0.0}, "failed")
    original = replace(whole, page_count=2, pages=(*whole.pages, lost))
    (unsaid,) = [d.findings[0] for d in open_doubts(original, RECEIPT) if d.findings and d.findings[0].page == 2]
    route = next(f for f in original.findings if f.check == "route")
    stand = [
        said("correct", "/total", 1, value=Decimal("9.00"), printed="9.00"),
        said("absent", "/date", 2),
        dismissed(route, 3),
    ]
    assert apply(original, stand, RECEIPT).status == "review"
    result = apply(original, [*stand, dismissed(unsaid, 4)], RECEIPT)
    assert result.status == "clean"
    assert [page.outcome for page in result.pages] == ["complete", "complete"], "as a clean result has them"
    assert result.pages[1].reason == "it hung (failed; settled by Ann)"


@pytest.mark.parametrize("severity", ["warning", "error"])
def test_a_page_that_was_not_read_is_not_settled_by_what_else_is_said_of_it(severity):
    whole = receipt()
    lost = PageResult(2, "ocr", "it hung", {"handwriting": 0.0}, "failed")
    beside = Finding("", "page" if severity == "warning" else "ink", severity, "another document may begin here", 2)
    original = replace(whole, page_count=2, pages=(*whole.pages, lost), findings=(*whole.findings, beside))
    route = next(f for f in original.findings if f.check == "route")
    stand = [
        said("correct", "/total", 1, value=Decimal("9.00"), printed="9.00"),
        said("absent", "/date", 2),
        dismissed(route, 3),
        dismissed(beside, 4),
    ]
    result = apply(original, stand, RECEIPT)
    assert (result.status, result.pages[1].outcome) == ("review", "failed")
    assert "page 2 is failed: it hung" in messages(result, "error")
    assert any(d.findings[0].message.startswith("page 2 is") for d in open_doubts(original, RECEIPT) if d.findings)


def test_an_empty_table_may_be_said_to_be_empty():
    original = receipt(line_items=Field((), missing="absent"))
    result = apply(original, [said("absent", "/line_items")], RECEIPT)
    assert result.data["line_items"] == []
    assert result.fields["/line_items"].source == "human"


def test_without_its_type_nothing_becomes_clean_and_no_finding_is_lost():
    original = receipt()
    result = apply(original, [said("accept", "/total")], None)
    assert result.status == "review"
    assert set(result.findings) == {f for f in original.findings if f.path != "/total"}


def test_another_type_of_the_same_name_takes_no_finding_away():
    """Its rules are others: what was said by the right ones stands, and what it says of new data counts too."""
    paid = Field(Decimal("10.00"), "10.00", 1, Box(0, 0, 1, 0.1), "ocr", "confirmed", "10.00", 0.99)
    original = receipt(cash=paid, change=replace(paid, value=Decimal("1.50"), printed="1.50", witness="1.50"))
    lax = replace(RECEIPT, checks=())
    broken = [f for f in original.findings if f.check == "arithmetic"]
    assert broken
    assert (other_type(original, RECEIPT), other_type(original, lax)) == (False, True)
    result = apply(original, [said("accept", "/company")], lax)
    assert set(broken) <= set(result.findings)
    assert not set(broken) & set(apply(original, [said("correct", "/change", value=2, printed="2")], RECEIPT).findings)


def test_what_only_a_model_saw_is_told_without_what_a_person_saw_too():
    alone = Field("x", "x", 1, Box(0, 0, 1, 1), "vlm", "unchecked")
    original = receipt(cash=replace(alone, value=Decimal(10)), change=replace(alone, value=Decimal(1)))
    words = "only the model saw these values, and nobody has checked them:"
    hearsay = Finding("", "witness", "error", f"{words} /cash, /change")
    original = replace(original, findings=(*original.findings, hearsay))
    told = messages(apply(original, [said("accept", "/cash")], RECEIPT), "error")
    assert f"{words} /change" in told
    assert hearsay.message not in told
