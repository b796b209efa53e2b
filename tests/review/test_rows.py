"""Rows that a person says are none leave the result, the others move up, and nothing is said of the wrong row."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.result import Field, Finding, Result
from engine.review.apply import apply, rows_gone
from engine.review.rows import engine_s_path, place_now, shown_path
from tests.review.made import BOX, RECEIPT, dismissed, judged, receipt, said

GONE = frozenset({"/rows/1", "/rows/2", "/rows/4", "/a/0/b/1"})


@pytest.mark.parametrize(
    ("there", "now"),
    [
        ("/rows/0/x", "/rows/0/x"),
        ("/rows/3/x", "/rows/1/x"),
        ("/rows/5", "/rows/2"),
        ("/a/0/b/2/c", "/a/0/b/1/c"),
        ("/a/1/b/2", "/a/1/b/2"),
        ("/rows", "/rows"),
        ("/other/3", "/other/3"),
        ("", ""),
    ],
)
def test_places_are_told_both_ways(there, now):
    assert shown_path(there, GONE) == now
    assert engine_s_path(now, GONE) == there


def test_a_place_that_is_gone_is_nowhere_or_an_empty_table():
    assert shown_path("/rows/1/x", GONE) is None
    assert place_now("/rows/1/x", GONE, {"rows": [{}]}) is None
    assert place_now("/rows/1/x", GONE, {"rows": []}) == "/rows"


def bought(*names: str | None) -> Result:
    """A receipt in whose lines only the names were read; the last is contradicted."""
    columns = [leaf.name for leaf in RECEIPT.leaves if leaf.array == "/line_items"]
    cells = {
        f"/line_items/{row}/{column}": Field(name, name, 1, BOX, "ocr", "confirmed", name, 0.99)
        if column == "description" and name
        else Field(None, missing="absent")
        for row, name in enumerate(names)
        for column in columns
    }
    fields = {path: field for path, field in receipt().fields.items() if path != "/line_items"} | cells
    last = f"/line_items/{len(names) - 1}/description"
    fields[last] = replace(fields[last], verdict="contradicted")
    return judged(fields, RECEIPT, (Finding(last, "witness", "error", "it is contradicted", 1),))


def description(row: int) -> str:
    return f"/line_items/{row}/description"


def test_a_row_in_which_all_that_stood_is_marked_absent_leaves_and_the_others_move_up():
    original = bought("tea", "noise", "milk")
    result = apply(original, [said("absent", description(1))], RECEIPT)
    assert [row["description"] for row in result.data["line_items"]] == ["tea", "milk"]
    assert [result.fields[description(row)].value for row in (0, 1)] == ["tea", "milk"]
    assert not [path for path in result.fields if path.startswith("/line_items/2")]
    assert [f.path for f in result.findings if f.message == "it is contradicted"] == [description(1)]
    back = apply(original, [said("absent", description(1), 1), said("undo", description(1), 2, undoes="1")], RECEIPT)
    assert back == original


def test_decisions_keep_their_row_when_another_leaves():
    original = bought("tea", "noise", "milk", "bred")
    corrected = said("correct", description(3), 2, value="bread", printed="bread")
    for stand in ([said("absent", description(1), 1), corrected], [corrected, said("absent", description(1), 3)]):
        result = apply(original, stand, RECEIPT)
        assert [row["description"] for row in result.data["line_items"]] == ["tea", "milk", "bread"]
    doubt = Finding(description(3), "witness", "error", "it is contradicted", 1)
    result = apply(original, [dismissed(doubt, 1, "smudge"), said("absent", description(1), 2)], RECEIPT)
    (told,) = [f for f in result.findings if f.message.startswith("it is contradicted")]
    assert (told.path, told.severity) == (description(2), "warning")


def test_a_table_that_has_lost_all_of_its_rows_is_an_empty_one():
    result = apply(bought("noise"), [said("absent", description(0))], RECEIPT)
    assert result.data["line_items"] == []
    assert (result.fields["/line_items"].value, result.fields["/line_items"].source) == ((), "human")
    assert not [path for path in result.fields if path.startswith("/line_items/")]


def test_a_row_with_a_value_or_with_something_unreadable_stays():
    original = bought("tea", "noise")
    amount = "/line_items/1/amount"
    for field in (Field(Decimal("1.50"), "1.50", 1, BOX), Field(None, missing="unreadable")):
        kept = replace(original, fields=original.fields | {amount: field})
        assert rows_gone(kept, [said("absent", description(1))]) == frozenset()
    assert rows_gone(original, [said("absent", description(1))]) == {"/line_items/1"}
    assert rows_gone(bought("tea", None), [said("accept", description(0))]) == frozenset(), "nobody said so"
