"""Values made elsewhere to fields: both forms, exact numbers, every leaf, and what is refused with which sentence."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.doctype import DocumentType, load_type
from engine.errors import UsageError
from engine.given import read_given, values_to_fields
from engine.merge import claims_to_fields, fields_to_data
from engine.result import Field

RECEIPT, FORM, AD_BUY = load_type("receipt"), load_type("form"), load_type("ad_buy")
ROW = {"description": "Nails", "quantity": 2, "unit_price": Decimal("1.10"), "amount": Decimal("2.20")}


def fields(values: Any, doctype: DocumentType = RECEIPT, sign: str | None = None) -> dict[str, Field]:
    return values_to_fields(values, doctype, "v.json", sign)


def data(values: Any, doctype: DocumentType = RECEIPT) -> dict[str, Any]:
    return fields_to_data(fields(values, doctype), doctype)


def a_type(folder: Path, **properties: Any) -> DocumentType:
    path = folder / "note.json"
    path.write_text(json.dumps({"title": "Note", "type": "object", "properties": properties}))
    return load_type(str(path))


# ---------------------------------------------------------------- forms


def test_nothing_given_is_every_leaf_absent_as_of_a_document_without_claims() -> None:
    found = fields({})
    empty, _ = claims_to_fields((), RECEIPT, {})
    assert list(found) == list(empty)
    assert {(f.value, f.source, f.verdict, f.missing) for f in found.values()} == {
        (None, "given", "unchecked", "absent")
    }


@pytest.mark.parametrize(
    ("as_data", "by_pointer"),
    [
        ({"total": Decimal("9.00")}, {"/total": "9.00"}),
        ({"total": 9, "company": None}, {"/total": "9", "/company": None}),
        ({"line_items": [ROW]}, {f"/line_items/0/{name}": value for name, value in ROW.items()}),
        ({"line_items": [ROW]}, {"/line_items": [ROW]}),
        ({"line_items": [ROW, {"amount": 3}]}, {"/line_items/0": ROW, "/line_items/1/amount": "3"}),
        ({"line_items": []}, {"/line_items": None}),
    ],
    ids=str,
)
def test_both_forms_mean_the_same(as_data: dict[str, Any], by_pointer: dict[str, Any]) -> None:
    one, other = fields(as_data), fields(by_pointer)
    assert list(one) == list(other)
    assert {p: f.value for p, f in one.items()} == {p: f.value for p, f in other.items()}


def test_a_whole_result_stands_for_its_data() -> None:
    result = {"version": 1, "status": "clean", "data": {"total": 9}, "fields": {"/total": {"value": 1}}}
    assert fields(result) == fields({"total": 9})


def test_a_type_with_these_names_of_its_own_is_no_result(tmp_path: Path) -> None:
    text = {"type": ["string", "null"]}
    own = a_type(tmp_path, version=text, data={"type": "object", "properties": {"x": text}}, fields=text)
    values = {"version": "2", "data": {"x": "y"}, "fields": "z"}
    assert data(values, own) == values


def test_rows_stay_where_they_are_and_their_missing_cells_are_absent() -> None:
    found = fields({"line_items": [None, {"amount": 3}, {}]})
    rows = [p for p in found if p.startswith("/line_items/")]
    assert rows == [f"/line_items/{row}/{name}" for row in range(3) for name in ROW]
    assert found["/line_items/1/amount"].value == 3
    assert found["/line_items/2/amount"] == Field(None, source="given", missing="absent")
    nothing = dict.fromkeys(ROW)
    assert data({"line_items": [None, {"amount": 3}, {}]})["line_items"] == [nothing, nothing | {"amount": 3}, nothing]


def test_a_pointer_may_leap_over_rows() -> None:
    assert data({"/line_items/2/amount": 3}) == data({"line_items": [{}, {}, {"amount": 3}]})


def test_an_empty_array_has_one_entry() -> None:
    assert [p for p in fields({"line_items": []}) if p.startswith("/line_items")] == ["/line_items"]


def test_an_open_map_takes_any_name_as_it_is() -> None:
    entries = {"A/B~C": "x", "/slash": "y", "12": "z", "": "e", "left blank": None}
    found = fields({"title": "T", "entries": entries}, FORM)
    assert found["/entries/A~1B~0C"].value == "x"
    assert found["/entries/left blank"].missing == "absent"
    assert data({"title": "T", "entries": entries}, FORM) == {"title": "T", "date": None, "entries": entries}
    assert data({"/entries/A~1B~0C": "x"}, FORM)["entries"] == {"A/B~C": "x"}


def test_a_list_of_plain_values_keeps_its_nulls(tmp_path: Path) -> None:
    own = a_type(tmp_path, tags={"type": "array", "items": {"type": ["string", "null"]}})
    found = fields({"tags": ["a", None, "c"]}, own)
    assert [f.value for f in found.values()] == ["a", None, "c"]
    assert data({"/tags/1": "b"}, own) == {"tags": [None, "b"]}


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("9.00", None, Decimal("9.00")),
        ("9.00", ",", Decimal("9.00")),
        ("-4020.75", None, Decimal("-4020.75")),
        ("RM9.00", None, Decimal("9.00")),
        ("1,284.56", None, Decimal("1284.56")),
        ("1.284,56", None, Decimal("1284.56")),
        ("(12.50)", None, Decimal("-12.50")),
        ("1.234", None, Decimal("1.234")),  # as JSON writes it
        ("1,234", None, "1,234"),  # a thousand or a fraction: the document tells
        ("1,234", ".", 1234),
        ("1,234", ",", Decimal("1.234")),
        ("8O.9O", None, "8O.9O"),  # mended, which is no business of the witness
        ("6%", None, "6%"),  # no amount of money
        ("1.5k", None, "1.5k"),
        ("nine", None, "nine"),
        ("", None, ""),
        ("9" * 400, None, "9" * 400),
    ],
)
def test_a_number_given_as_text_is_that_number_only_where_the_text_means_no_other(
    text: str, sign: str | None, value: Any
) -> None:
    field = fields({"total": text}, sign=sign)["/total"]
    assert (field.value, type(field.value), field.printed) == (value, type(value), text)
    assert str(field.value) == str(value)


@pytest.mark.parametrize(
    ("given", "printed"),
    [(9, "9"), (Decimal("9.00"), "9.00"), (9.5, "9.5"), (True, "true"), (Decimal("1E+2"), "100")],
)
def test_other_values_stay_as_they_are(given: Any, printed: str) -> None:
    field = fields({"total": given})["/total"]
    assert (field.value, field.printed) == (given, printed)
    assert not isinstance(field.value, float)


def test_texts_stay_as_they_are_where_a_text_stands() -> None:
    found = fields({"date": "25/12/2018", "company": "007"})
    assert (found["/date"].value, found["/company"].value) == ("25/12/2018", "007")
    assert fields({"contract_num": 12345}, AD_BUY)["/contract_num"].value == 12345


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"totl": 1}, "v.json: /totl is no field of the type receipt; did you mean /total?"),
        ({"/totl": 1}, "v.json: /totl is no field of the type receipt; did you mean /total?"),
        ({"line_items": [{}, {"amout": 1}]}, "/line_items/1/amout is no field .* did you mean /line_items/1/amount?"),
        ({"/line_items/1/amout": 1}, "/line_items/1/amout is no field .* did you mean /line_items/1/amount?"),
        ({"/line_items/01/amount": 1}, "/line_items/01/amount is no field"),
        ({"/line_items/-/amount": 1}, "/line_items/-/amount is no field"),
        ({"/total/cents": 1}, "/total/cents is no field .* did you mean /total?"),
        ({"zzz": 1}, "/zzz is no field of the type receipt: see engine schema show receipt"),
        ({"/line_items/999999999/amount": 1}, "rows count from 0, up to 99999"),
        ({"/total": 1, "date": "2020-01-01"}, "some names begin with a slash and some do not"),
        ({"/line_items": [ROW], "/line_items/0/amount": 1}, "/line_items/0/amount is given twice"),
        ({"total": {"value": 9}}, "/total is an object, where one value stands"),
        ({"total": [9]}, "/total is a list, where one value stands"),
        ({"line_items": {"0": ROW}}, "/line_items is an object, where a list of rows stands"),
        ({"line_items": "Nails"}, "/line_items is text, where a list of rows stands"),
        ({"line_items": ["Nails"]}, "/line_items/0 is text, where an object stands"),
        ({"total": float("nan")}, "/total is nan, which is no number"),
        ({"total": Decimal("Infinity")}, "/total is Infinity, which is no number"),
        ({"total": 10**30}, "/total is a number of too many digits"),
        ({"total": Decimal("1E-999999")}, "/total is a number of too many digits"),
        ({"total": b"9"}, "/total is a bytes, where one value stands"),
        ([{"total": 9}], "v.json: a list is no extraction"),
        ("9.00", "v.json: text is no extraction"),
        (None, "v.json: null is no extraction"),
    ],
    ids=str,
)
def test_what_the_type_has_no_place_for_is_refused_with_its_pointer(values: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence.replace("?", r"\?")):
        fields(values)


# ---------------------------------------------------------------- files


def test_a_file_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    path.write_bytes(b'\xef\xbb\xbf{"total": 9.00, "cash": 10}')
    given = read_given(path)
    assert given.where == str(path)
    assert {name: str(value) for name, value in given.values.items()} == {"total": "9.00", "cash": "10"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not valid JSON at line 1, column 1"),
        (b'{"total": 9.00', "not valid JSON at line 1"),
        (b'{"total": NaN}', "NaN is not JSON"),
        (b'{"total": -Infinity}', "-Infinity is not JSON"),
        (b'{"total": 1, "total": 2}', 'the name "total" stands twice'),
        (b'{"line_items": [{"amount": 1, "amount": 2}]}', 'the name "amount" stands twice'),
        (b"[]", "a list is no extraction"),
        (b"9.00", "a number is no extraction"),
        (b'{"company": "\xff"}', "not UTF-8 text"),
        (b'{"total": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"total": 1e99999999999999999999}', "too many digits"),
        (b"[" * 100_000, "nested too deeply"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_file_that_holds_no_extraction_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "v.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=sentence) as raised:
        read_given(path)
    assert str(raised.value).startswith(str(path))


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist: check its path"):
        read_given(tmp_path / "none.json")
    with pytest.raises(UsageError, match="cannot be read"):
        read_given(tmp_path)
