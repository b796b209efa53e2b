"""Each difference between two runs is told once, and rightly as better or worse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.regress.accepted import expectation
from engine.regress.case import ExpectedFinding
from engine.regress.changes import Change, changes
from engine.regress.compare import IN_ORDER
from engine.regress.ran import Ran, RanFinding
from tests.regress.making import case_of, ran_of

RIGHT: dict[str, Any] = {
    "total": Decimal("9.00"),
    "cash": None,
    "line_items": [
        {"description": "TEA", "amount": Decimal("4.00")},
        {"description": "BUN", "amount": Decimal("5.00")},
    ],
}
CASE = case_of(RIGHT, routes=("ocr",))
WRONG = {**RIGHT, "total": Decimal("9.50")}


def told(before: Ran | None, after: Ran, case: Any = CASE) -> list[tuple[str, str, str]]:
    return [(change.kind, change.effect, change.path) for change in changes(case, after, before)]


def total(value: str | None, verdict: str = "unchecked", status: Any = "review") -> Ran:
    data = {**RIGHT, "total": value and Decimal(value)}
    return ran_of(CASE, data, {"/total": verdict} if value else {}, status)


# ---------------------------------------------------------------- nothing accepted


def test_a_run_in_which_all_is_right_needs_no_accepted_one() -> None:
    assert changes(CASE, ran_of(CASE, RIGHT), None) == ()


def test_without_an_accepted_run_whatever_is_not_right_is_told() -> None:
    case = replace(CASE, status="clean", findings=(ExpectedFinding("/total", "arithmetic"),), routes=("ocr", "blank"))
    data = {"total": None, "cash": Decimal(10), "line_items": RIGHT["line_items"][1:]}
    ran = ran_of(case, data, status="review", route="vlm", stale=("page 1: the prompt is another",))
    assert told(None, ran, case) == [
        ("recording", "worse", ""),
        ("value", "worse", "/total"),
        ("value", "worse", "/cash"),
        ("value", "worse", "/line_items/0/description"),
        ("value", "worse", "/line_items/0/amount"),
        ("status", "worse", ""),
        ("route", "worse", ""),
        ("route", "worse", ""),
        ("finding", "worse", "/total"),
    ]
    missing = next(change for change in changes(case, ran, None) if change.path == "/total" and change.kind == "value")
    assert missing == Change("made", "receipt", "value", "worse", "/total", "/total", "9.00", "missing")


def test_a_clean_document_that_is_wrong_is_told_though_the_case_says_no_status() -> None:
    assert told(None, ran_of(CASE, WRONG)) == [("value", "worse", "/total"), ("status", "worse", "")]


def test_a_case_that_could_not_run_says_only_that() -> None:
    broken = Ran(CASE.name, "receipt", None, error="no such file")
    assert told(None, broken) == told(ran_of(CASE, RIGHT), broken) == [("error", "worse", "")]
    assert told(broken, ran_of(CASE, RIGHT)) == [("error", "better", "")]


# ---------------------------------------------------------------- one value


@pytest.mark.parametrize(
    ("before", "after", "kind", "effect"),
    [
        (("9.00", "confirmed"), ("9.50", "silent"), "value", "worse"),
        (("9.50", "contradicted"), ("9.00", "unchecked"), "value", "better"),
        ((None,), ("9.00",), "value", "better"),
        ((None,), ("9.50", "contradicted"), "value", "worse"),
        (("9.50",), (None,), "value", "better"),
        (("9.50", "silent"), ("9.70", "silent"), "value", "changed"),
        (("9.50", "contradicted"), ("9.50", "unchecked"), "verdict", "worse"),
        (("9.50", "silent"), ("9.50", "confirmed"), "verdict", "worse"),
        (("9.50", "unchecked"), ("9.50", "silent"), "verdict", "better"),
        (("9.00", "confirmed"), ("9.00", "contradicted"), "verdict", "worse"),
        (("9.00", "silent"), ("9.00", "confirmed"), "verdict", "better"),
    ],
)
def test_a_value_or_its_verdict(before: Any, after: Any, kind: str, effect: str) -> None:
    assert told(total(*before), total(*after)) == [(kind, effect, "/total")]


def test_words_name_the_value_and_who_speaks_for_it() -> None:
    (change,) = changes(CASE, total("9.50", "confirmed"), total("9.50", "contradicted"))
    assert (change.before, change.after) == ("9.50, contradicted", "9.50, confirmed")
    (change,) = changes(CASE, total("9.50", "silent"), total("9.00"))
    assert (change.before, change.after) == ("right: 9.00", "wrong: 9.50 (silent)")


def test_an_invented_row_that_moves_is_the_same_invented_row() -> None:
    first, second = RIGHT["line_items"]
    extra = {"description": "Subtotal", "amount": None}
    before = ran_of(CASE, {**RIGHT, "line_items": [extra, first, second]}, status="review")
    after = ran_of(CASE, {**RIGHT, "line_items": [first, second, extra]}, status="review")
    assert told(before, after) == []
    assert told(before, ran_of(CASE, RIGHT, status="review")) == [("value", "better", "/line_items/0/description")]


def test_rows_in_another_order_are_told_until_they_are_in_order_again() -> None:
    turned = ran_of(CASE, {**RIGHT, "line_items": RIGHT["line_items"][::-1]}, status="review")
    ordered = ran_of(CASE, RIGHT, status="review")
    (change,) = changes(CASE, turned, ordered)
    assert (change.effect, change.path, change.before) == ("worse", "/line_items", IN_ORDER)
    assert told(turned, ordered) == [("value", "better", "/line_items")]


# ---------------------------------------------------------------- the document


@pytest.mark.parametrize(
    ("value", "before", "after", "wanted", "effect"),
    [
        ("9.00", "clean", "review", None, "worse"),
        ("9.00", "review", "clean", None, "better"),
        ("9.50", "review", "clean", None, "worse"),
        ("9.50", "clean", "review", None, "better"),
        ("9.50", "review", "clean", "clean", "worse"),
        ("9.00", "clean", "review", "review", "better"),
        ("9.00", "review", "failed", None, "worse"),
        ("9.00", "failed", "review", None, "better"),
    ],
)
def test_status(value: str, before: Any, after: Any, wanted: Any, effect: str) -> None:
    case = replace(CASE, status=wanted)
    assert told(total(value, status=before), total(value, status=after), case) == [("status", effect, "")]


@pytest.mark.parametrize(("before", "after", "effect"), [("vlm", "ocr", "better"), ("ocr", "vlm", "worse")])
def test_route_by_what_the_case_says(before: str, after: str, effect: str) -> None:
    (change,) = changes(CASE, ran_of(CASE, RIGHT, route=after), ran_of(CASE, RIGHT, route=before))
    assert (change.kind, change.effect, change.page, change.after) == ("route", effect, 1, after)
    free = replace(CASE, routes=None)
    assert told(ran_of(free, RIGHT, route=before), ran_of(free, RIGHT, route=after), free) == [("route", "changed", "")]


def test_a_page_that_ends_otherwise_is_told() -> None:
    whole = ran_of(CASE, RIGHT)
    refused = replace(whole, pages=tuple(replace(page, outcome="refused") for page in whole.pages))
    (change,) = changes(CASE, refused, whole)
    assert (change.kind, change.effect, change.before, change.after) == ("route", "worse", "ocr", "ocr (refused)")


@pytest.mark.parametrize(("data", "appeared"), [(RIGHT, "worse"), (WRONG, "better")])
def test_a_finding_is_good_where_something_is_wrong(data: dict[str, Any], appeared: str) -> None:
    silent = ran_of(CASE, data, status="review")
    found = replace(silent, findings=(RanFinding("/total", "arithmetic", "error", "9.50 is not 9.00"),))
    gone = {"worse": "better", "better": "worse"}[appeared]
    assert told(silent, found) == [("finding", appeared, "/total")]
    assert told(found, silent) == [("finding", gone, "/total")]
    assert told(found, replace(found, findings=(replace(found.findings[0], message="in other words"),))) == []


@pytest.mark.parametrize(("data", "gone"), [(RIGHT, "changed"), (WRONG, "worse")])
def test_a_warning_that_goes_is_missed_where_something_is_wrong(data: dict[str, Any], gone: str) -> None:
    silent = ran_of(CASE, data, status="review")
    warned = replace(silent, findings=(RanFinding("/total", "witness", "warning", "nothing reads it"),))
    assert told(warned, silent) == [("finding", gone, "/total")]
    assert told(silent, warned) == [("finding", "changed", "/total")]
    assert told(silent, replace(silent, findings=(RanFinding("", "page", "warning", "faint"),))) == [
        ("finding", "changed", "")
    ]


def test_what_is_found_in_an_invented_row_does_not_move_with_it() -> None:
    first, second = RIGHT["line_items"]
    extra = {"description": "Subtotal", "amount": None}
    at_first = ran_of(CASE, {**RIGHT, "line_items": [extra, first, second]}, status="review")
    at_last = ran_of(CASE, {**RIGHT, "line_items": [first, second, extra]}, status="review")
    found = [
        tuple(RanFinding(f"/line_items/{row}/description", check, "warning", "") for check in ("witness", "schema"))
        for row in (0, 2)
    ]
    assert told(replace(at_first, findings=found[0]), replace(at_last, findings=found[1])) == []


def test_a_finding_that_goes_with_what_was_wrong_is_not_missed() -> None:
    sums = (RanFinding("/total", "arithmetic", "error", "9.50 is not 9.00"),)
    before = ran_of(CASE, {**WRONG, "cash": Decimal(1)}, status="review", findings=sums)
    after = ran_of(CASE, {**RIGHT, "cash": Decimal(1)}, status="review")
    assert told(before, after) == [("value", "better", "/total"), ("finding", "better", "/total")]


def test_a_finding_of_a_row_is_known_at_its_place_in_what_is_right() -> None:
    dropped = ran_of(CASE, {**RIGHT, "line_items": RIGHT["line_items"][1:]}, status="review")
    at_first = replace(dropped, findings=(RanFinding("/line_items/0/amount", "schema", "error", "too much"),))
    whole = ran_of(CASE, RIGHT, status="review")
    at_second = replace(whole, findings=(RanFinding("/line_items/1/amount", "schema", "error", "too much"),))
    assert {kind for kind, _, _ in told(at_second, at_first)} == {"value"}


def test_an_expected_finding_counts_though_it_is_a_warning() -> None:
    case = replace(CASE, findings=(ExpectedFinding("/total", "date"),))
    found = ran_of(case, RIGHT, findings=(RanFinding("/total", "date", "warning", "day and month"),))
    assert told(found, ran_of(case, RIGHT), case) == [("finding", "worse", "/total")]


def test_an_accepted_run_of_other_right_values_is_told() -> None:
    accepted = replace(total("9.50"), expectation=expectation(CASE))
    assert told(accepted, total("9.50")) == []
    corrected = replace(CASE, expected={**RIGHT, "total": Decimal("9.70")})
    after = ran_of(corrected, WRONG, status="review")
    assert told(accepted, after, corrected) == [
        ("expectation", "changed", ""),
        ("expectation", "changed", "/total"),
    ]
    (_, value) = changes(corrected, after, accepted)
    assert (value.before, value.after) == ("9.00", "9.70")
    tolerant = replace(CASE, tolerances={"/total": Decimal("0.01")})
    assert told(accepted, total("9.50"), tolerant) == [("expectation", "changed", "")]


def test_a_wrong_value_in_a_clean_document_comes_before_what_the_case_says_of_its_status() -> None:
    for wanted in ("clean", "review"):
        case = replace(CASE, status=wanted)
        assert told(None, ran_of(case, WRONG), case) == [("value", "worse", "/total"), ("status", "worse", "")]
        assert changes(case, ran_of(case, WRONG), None)[1].after == "clean"
