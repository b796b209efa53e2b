"""A result against what is right: by value, by content of rows, never forgiving a digit."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.doctype import load_type
from engine.regress.compare import IN_ORDER, compare
from engine.regress.ran import RanField
from engine.regress.same import outcome_of
from engine.result import Field
from tests.regress.making import result_of

RECEIPT, FORM = load_type("receipt"), load_type("form")
LEAVES = {leaf.pointer: leaf for leaf in (*RECEIPT.leaves, *load_type("invoice").leaves)}
CENT = Decimal("0.01")


def against(expected: dict[str, Any], found: dict[str, Any], tolerances: Any = None) -> tuple[RanField, ...]:
    return compare(expected, result_of(found), RECEIPT, tolerances or {})


def not_right(fields: tuple[RanField, ...]) -> list[tuple[str | None, str]]:
    return [(field.path, field.outcome) for field in fields if field.outcome not in ("exact", "equal", "absent")]


# ---------------------------------------------------------------- one value


@pytest.mark.parametrize(
    ("leaf", "expected", "found", "outcome"),
    [
        ("/total", Decimal("9.00"), Decimal("9.0"), "exact"),
        ("/total", Decimal("9.00"), 9, "exact"),
        ("/total", Decimal("9.00"), Decimal("9.01"), "wrong"),
        ("/total", Decimal("9.00"), "9.00", "wrong"),
        ("/total", 1, True, "wrong"),
        ("/total", None, Decimal("9.00"), "invented"),
        ("/total", Decimal("9.00"), None, "missing"),
        ("/total", None, None, "absent"),
        ("/date", "2024-03-14", "2024-03-14", "exact"),
        ("/date", "2024-03-14", "2024-04-13", "wrong"),
        ("/date", "2024-03-14", "20240314", "wrong"),
        ("/company", "KEDAI BESI SDN BHD", "Kedai Besi Sdn. Bhd.", "equal"),
        ("/company", "Café Müller & Co", "CAFE MULLER AND CO.", "equal"),
        ("/company", "Kedai Besi", "Kedai Basi", "wrong"),
        ("/address", "No. 27, Jalan Keris 3/8", "NO 27 JALAN KERIS 3 / 8", "equal"),
        ("/address", "No. 27, Jalan Keris 3/8", "No. 27, Jalan Keris 38", "wrong"),
        ("/address", "12 3rd Street", "1 23rd Street", "wrong"),
        ("/address", "68100 Batu", "68101 Batu", "wrong"),
        ("/line_items/*/description", "BRUSH 2.5IN", "BRUSH 25IN", "wrong"),
        ("/line_items/*/description", "BRUSH .5IN", "BRUSH 5IN", "wrong"),
        ("/line_items/*/description", "OFFSET -5", "OFFSET 5", "wrong"),
        ("/line_items/*/description", "JUICE 12²", "JUICE 122", "wrong"),
        ("/line_items/*/description", "RABATT 5%", "Rabatt 5", "wrong"),
        ("/line_items/*/description", "☑ paid", "☐ paid", "wrong"),
        ("/line_items/*/description", "...", "---", "wrong"),
        ("/invoice_number", "W003-208416", "W003 208416", "equal"),
        ("/invoice_number", "W003-208416", "W003-208461", "wrong"),
        ("/invoice_number", "0042", "42", "wrong"),
    ],
)
def test_one_value(leaf: str, expected: Any, found: Any, outcome: str) -> None:
    assert LEAVES[leaf].pointer == leaf
    assert outcome_of(expected, found, LEAVES[leaf]) == outcome


@pytest.mark.parametrize(
    ("leaf", "expected", "found", "tolerance", "outcome"),
    [
        ("/total", Decimal("9.00"), Decimal("9.01"), CENT, "equal"),
        ("/total", Decimal("9.00"), Decimal("9.02"), CENT, "wrong"),
        ("/total", Decimal("9.00"), None, CENT, "missing"),
        ("/date", "2024-02-28", "2024-03-01", Decimal(2), "equal"),
        ("/date", "2024-02-28", "2024-03-01", Decimal(1), "wrong"),
        ("/company", "Kedai Besi", "Kedai Basi", Decimal("0.2"), "equal"),
        ("/company", "Kedai Besi", "Kedal Basl", Decimal("0.2"), "wrong"),
        ("/address", "27 Jalan Keris", "21 Jalan Keris", Decimal("0.9"), "wrong"),
    ],
)
def test_a_tolerance_forgives_so_much_and_no_figure_of_a_text(
    leaf: str, expected: Any, found: Any, tolerance: Decimal, outcome: str
) -> None:
    assert outcome_of(expected, found, LEAVES[leaf], tolerance) == outcome


# ---------------------------------------------------------------- rows


def row(description: str | None, amount: str | None, quantity: int | None = 1) -> dict[str, Any]:
    return {"description": description, "quantity": quantity, "amount": amount and Decimal(amount)}


ROWS = [row("BRUSH", "13.80", 2), row("SCREW", "11.80"), row("SEALANT", "43.50", 3), row("TAPE", "15.00", 4)]


def test_a_dropped_row_is_missing_and_the_others_are_right() -> None:
    fields = against({"line_items": ROWS}, {"line_items": ROWS[1:]})
    assert not_right(fields) == [(f"/line_items/0/{name}", "missing") for name in ROWS[0]]
    assert {f.found_at for f in fields if f.path == "/line_items/3/amount"} == {"/line_items/2/amount"}


def test_a_row_too_many_is_invented_where_it_stands() -> None:
    fields = against({"line_items": ROWS}, {"line_items": [ROWS[0], row("Subtotal", "25.60", None), *ROWS[1:]]})
    assert not_right(fields) == [(None, "invented"), (None, "invented")]
    assert [f.where for f in fields if f.path is None] == ["/line_items/1/description", "/line_items/1/amount"]


def test_a_row_printed_twice_and_misread_once_is_not_out_of_order() -> None:
    twice = [ROWS[0], ROWS[0], ROWS[1]]
    fields = against({"line_items": twice}, {"line_items": [{**ROWS[0], "amount": Decimal("18.80")}, *twice[1:]]})
    assert not_right(fields) == [("/line_items/0/amount", "wrong")]


def test_of_two_rows_that_share_as_much_the_one_in_its_place_is_matched() -> None:
    right = [row("BRUSH", "13.80"), row("SCREW", "11.80", 7), row("TAPE", "15.00")]
    found = [right[1], row("TAFE", "16.00")]  # the first dropped, the last misread; both have a quantity of 1
    assert not_right(against({"line_items": right}, {"line_items": found})) == [
        *((f"/line_items/0/{name}", "missing") for name in right[0]),
        ("/line_items/2/description", "wrong"),
        ("/line_items/2/amount", "wrong"),
    ]


def test_rows_that_only_a_tolerance_makes_alike_are_matched() -> None:
    found = [row(None, "43.51", None), row(None, "11.79", None)]
    right = [row(None, "43.50", None), row(None, "11.80", None)]
    assert not_right(against({"line_items": right}, {"line_items": found}, {"/line_items/*/amount": CENT})) == []
    assert len(not_right(against({"line_items": right}, {"line_items": found}))) == 4


def test_a_text_within_its_tolerance_matches_rows_and_another_text_does_not() -> None:
    right, found = [row("SEALANT", None, None), row("TAPE", None, None)], [row("SEALAMT", None, None)]
    fields = against({"line_items": right}, {"line_items": found}, {"/line_items/*/description": Decimal("0.2")})
    assert not_right(fields) == [("/line_items/1/description", "missing")]
    fields = against({"line_items": right[1:]}, {"line_items": found}, {"/line_items/*/description": Decimal("0.2")})
    assert not_right(fields) == [("/line_items/0/description", "missing"), (None, "invented")]


def test_a_thousand_rows_are_matched_though_no_two_are_alike_and_all_share_a_cell() -> None:
    right = [row(f"ARTICLE {n}", f"{n}.50") for n in range(1000)]
    found = [{**each, "amount": each["amount"] + 1} for each in right]
    fields = against({"line_items": right}, {"line_items": found[:500] + found[501:]})
    assert {(f.outcome, f.leaf) for f in fields if f.path and f.path.startswith("/line_items/500/")} == {
        ("missing", f"/line_items/*/{name}") for name in right[0]
    }
    assert sum(f.outcome == "wrong" for f in fields) == 999


cells = st.builds(
    row, st.text("abc", min_size=1, max_size=2), st.sampled_from(["1.00", "2.00", "3.50"]), st.integers(1, 2)
)


@given(st.lists(cells, max_size=6), st.one_of(st.none(), st.text(max_size=5)), st.booleans())
@settings(max_examples=60)
def test_data_compared_with_themselves_are_exact(rows: list[Any], text: str | None, some: bool) -> None:
    data = {"company": text, "total": Decimal("9.00") if some else None, "line_items": rows, "paid": some}
    assert {f.outcome for f in against(data, deepcopy(data))} <= {"exact", "absent"}


@given(st.lists(cells, min_size=1, max_size=6), st.data())
@settings(max_examples=150)
def test_one_altered_cell_is_one_wrong_value_there(rows: list[Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    name, value = data.draw(
        st.sampled_from([("description", "zz"), ("description", "a"), ("amount", Decimal("3.50")), ("quantity", None)])
    )
    if rows[at][name] == value:
        return
    found = deepcopy(rows)
    found[at][name] = value
    fields = against({"line_items": rows}, {"line_items": found})
    assert not_right(fields) == [(f"/line_items/{at}/{name}", "missing" if value is None else "wrong")]


@given(st.lists(cells, max_size=6).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
@settings(max_examples=100)
def test_another_order_is_told_once_and_no_cell_is_wrong(both: tuple[list[Any], list[Any]]) -> None:
    rows, moved = both
    fields = against({"line_items": rows}, {"line_items": list(moved)})
    assert not_right(fields) == ([] if rows == list(moved) else [("/line_items", "wrong")])
    assert all(f.expected == IN_ORDER for f in fields if f.path == "/line_items")


# ---------------------------------------------------------------- open maps and the rest


def test_entries_of_a_form_are_found_by_their_label() -> None:
    right = {"entries": {"SHIP TO:": "Fernhill", "LOT NO. 2": "88-31-C", "DATE": "11/17/1988"}}
    found = {"entries": {"Ship to": "Fernhill", "LOT NO. 3": "88-31-C", "date": "11/17/1989"}}
    fields = compare(right, result_of(found), FORM, {})
    assert {(f.path, f.found_at, f.outcome) for f in fields} == {
        ("/entries/SHIP TO:", "/entries/Ship to", "exact"),
        ("/entries/LOT NO. 2", None, "missing"),
        (None, "/entries/LOT NO. 3", "invented"),
        ("/entries/DATE", "/entries/date", "wrong"),
    }
    assert {f.leaf for f in fields} == {"/entries/*"}


def test_verdict_and_reason_come_from_where_the_value_was_found() -> None:
    fields = {
        "/line_items/0/amount": Field(Decimal("11.80"), verdict="contradicted"),
        "/total": Field(None, missing="unreadable"),
    }
    found = result_of({"total": None, "line_items": [row("SCREW", "11.80")]}, fields)
    told = {f.path: f for f in compare({"total": 9, "line_items": ROWS}, found, RECEIPT, {})}
    assert told["/line_items/1/amount"].verdict == "contradicted"
    assert (told["/total"].outcome, told["/total"].missing) == ("missing", "unreadable")
    assert told["/line_items/0/amount"].verdict == "unchecked"


def test_a_document_of_no_type_misses_everything() -> None:
    fields = compare({"total": 9, "rows": ["a", "b"]}, result_of({}), None, {})
    assert not_right(fields) == [("/total", "missing"), ("/rows/0", "missing"), ("/rows/1", "missing")]


@pytest.mark.parametrize(
    ("right", "found", "outcomes"),
    [
        ([], 5, ["invented"]),
        ({}, 5, ["invented"]),
        (5, [], ["missing"]),
        (5, [{"n": 6}], ["missing", "invented"]),
        ([{"n": 6}], {"n": 6}, ["missing", "invented"]),
        ([], None, []),
        (None, {}, []),
    ],
)
def test_what_stands_in_another_shape_is_missing_and_invented(right: Any, found: Any, outcomes: list[str]) -> None:
    fields = compare({"vat": right}, result_of({"vat": found}), None, {})
    assert [field.outcome for field in fields] == outcomes
