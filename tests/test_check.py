"""Findings on data: nulls reported as missing, formats checked, numbers exact, messages in plain words."""

# ruff: noqa: E501 - sentences are compared whole, one case a line
from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.check import rule_findings, schema_findings
from engine.doctype import DocumentType, empty, load_type

D = Decimal
REPO_SCHEMAS = Path(__file__).parents[1] / "schemas"
SCHEMA = {
    "type": "object",
    "x-checks": [
        {"rule": "total == subtotal + tax", "severity": "warning"},
        "date <= due",
        "each(rows): amount == quantity * price",
    ],
    "properties": {
        "total": {"type": ["number", "null"], "multipleOf": 0.01, "minimum": 0},
        "subtotal": {"type": "number"},
        "tax": {"type": "number"},
        "date": {"type": ["string", "null"], "format": "date"},
        "due": {"type": "string", "format": "date"},
        "kind": {"type": ["string", "null"], "enum": ["A", "B", None]},
        "code": {"anyOf": [{"type": "string", "pattern": "^[A-Z]+$"}, {"type": "null"}]},
        "id": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer", "minimum": 100}]},
        "spots": {"type": "integer"},
        "seller": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "tags": {"type": "array", "items": {"type": ["string", "null"], "maxLength": 2}},
        "rows": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "amount": {"type": "number"},
                    "quantity": {"type": "number"},
                    "price": {"type": "number"},
                },
                "required": ["amount"],
            },
        },
    },
    "required": ["total", "date"],
    "additionalProperties": False,
}
GOOD: dict[str, Any] = {"total": D("19.99"), "date": "2018-12-25"}


@pytest.fixture(scope="module")
def doctype(tmp_path_factory: pytest.TempPathFactory) -> DocumentType:
    directory = tmp_path_factory.mktemp("types")
    (directory / "mine.json").write_text(json.dumps(SCHEMA))
    return load_type("mine", directory)


def said(data: Any, doctype: DocumentType) -> list[tuple[str, str]]:
    return [(finding.path, finding.message) for finding in schema_findings(data, doctype)]


def test_right_data_has_no_findings(doctype: DocumentType) -> None:
    assert schema_findings(GOOD, doctype) == ()
    assert schema_findings({**empty(doctype), **GOOD, "rows": [{"amount": 1}]}, doctype) == ()


def test_a_null_is_missing_and_not_of_a_wrong_type(doctype: DocumentType) -> None:
    (finding,) = schema_findings({**GOOD, "total": None}, doctype)
    assert (finding.path, finding.check, finding.severity) == ("/total", "schema", "error")
    assert finding.message == "total is missing"
    assert said({}, doctype) == [("/total", "total is missing"), ("/date", "date is missing")]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({"date": "25/12/2018"}, "/date", 'date "25/12/2018" is not a date such as 2018-12-25'),
        ({"date": "2018-02-30"}, "/date", 'date "2018-02-30" is not a date such as 2018-12-25'),
        ({"total": "9.00"}, "/total", 'total is "9.00", not a number'),
        ({"total": D("9.001")}, "/total", "total 9.001 is not a multiple of 0.01"),
        ({"total": D("-1")}, "/total", "total -1 is less than 0"),
        ({"total": D("NaN")}, "/total", "total is NaN, not a number"),
        ({"total": True}, "/total", "total is true, not a number"),
        ({"kind": "C"}, "/kind", 'kind "C" is none of "A", "B"'),
        ({"code": "a1"}, "/code", 'code "a1" does not match ^[A-Z]+$'),
        ({"code": 7}, "/code", "code is 7, not text"),
        ({"id": "abcd"}, "/id", 'id fits none of the allowed forms: (id "abcd" is longer than 3), or (id is "abcd", not a whole number)'),
        ({"spots": D("1.5")}, "/spots", "spots is 1.5, not a whole number"),
        ({"rows": []}, "/rows", "rows has 0 entries, at least 1 are needed"),
        ({"rows": [{"amount": 1}, {"price": 1}]}, "/rows/1/amount", "amount is missing"),
        ({"rows": "none"}, "/rows", 'rows is "none", not a list'),
        ({"total": [1]}, "/total", "total is a list, not a number"),
        ({"tags": [None, "ab", None, "abc"]}, "/tags/3", 'an entry of tags "abc" is longer than 2'),
        ({"seller": {"name": 7}}, "/seller/name", "name is 7, not text"),
        ({"t/o": 1}, "/t~1o", "t/o is no field of this type"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_plain_words(
    data: dict[str, Any], path: str, message: str, doctype: DocumentType
) -> None:
    assert said({**GOOD, **data}, doctype) == [(path, message)]


def test_an_object_of_nulls_is_an_absent_object(doctype: DocumentType) -> None:
    assert said({**GOOD, "seller": {"name": None}}, doctype) == []


@settings(deadline=None)  # a busy machine is no failure
@given(cents=st.integers(0, 10**14))
def test_every_amount_in_cents_is_a_multiple_of_a_cent(cents: int) -> None:
    total = D(cents).scaleb(-2)
    receipt = load_type_with_cents()
    assert schema_findings({"total": total}, receipt) == ()
    assert schema_findings({"total": total + D("0.001")}, receipt) != ()


@cache
def load_type_with_cents() -> DocumentType:
    schema = {"type": "object", "properties": {"total": {"type": "number", "multipleOf": 0.01}}}
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "cents.json").write_text(json.dumps(schema))
        return load_type("cents", Path(directory))


@pytest.mark.parametrize("value", [3, D(3), D("3.0"), D("3E+2")])
def test_whole_decimals_are_integers(value: Any, doctype: DocumentType) -> None:
    assert said({**GOOD, "spots": value}, doctype) == []


@pytest.mark.parametrize("data", [None, [], "text", 7, {"total": {"total": {}}}, {"rows": [None, [], 1]}])
def test_data_of_a_wrong_shape_gives_findings_and_no_traceback(data: Any, doctype: DocumentType) -> None:
    assert schema_findings(data, doctype)
    rule_findings(data, doctype)


def test_huge_numbers_do_not_crash(doctype: DocumentType) -> None:
    assert said({**GOOD, "total": D("1E+900")}, doctype) == [("/total", "total 1E+900 is not a multiple of 0.01")]
    schema_findings({**GOOD, "spots": D("1E+900")}, doctype)


# ---------------------------------------------------------------- rules


def test_rules_become_findings_where_they_fail(doctype: DocumentType) -> None:
    data = {
        "total": D("9.00"),
        "subtotal": D("8.00"),
        "tax": D("0.50"),
        "date": "2020-02-01",
        "due": "2020-01-31",
        "rows": [
            {"amount": D(6), "quantity": D(2), "price": D(3)},
            {"amount": D(7), "quantity": D(2), "price": D(3)},
            {"amount": D(7), "quantity": None, "price": D(3)},
        ],
    }
    found = [(f.path, f.check, f.severity, f.message) for f in rule_findings(data, doctype)]
    assert found == [
        (
            "/total",
            "arithmetic",
            "warning",
            "total 9.00 is not subtotal 8.00 + tax 0.50 = 8.50 (off by 0.50)",
        ),
        ("/date", "date", "error", "date 2020-02-01 is after due 2020-01-31 (off by 1 day)"),
        (
            "/rows/1/amount",
            "arithmetic",
            "error",
            "row 2: amount 7 is not quantity 2 * price 3 = 6 (off by 1)",
        ),
    ]


@pytest.mark.parametrize(
    "name", ["receipt", "invoice", "purchase_order", "bank_statement", "ad_buy", "registration", "form"]
)
def test_an_empty_document_fails_no_rule(name: str) -> None:
    doctype = load_type(name, REPO_SCHEMAS)
    assert rule_findings(empty(doctype), doctype) == ()
    required = doctype.schema.get("required", [])
    assert [f.path for f in schema_findings(empty(doctype), doctype)] == [f"/{field}" for field in required]


def receipt(**values: str) -> list[tuple[str, str]]:
    doctype = load_type("receipt", REPO_SCHEMAS)
    given: dict[str, Any] = {name: D(value) for name, value in values.items()}
    data = empty(doctype) | given
    return [(finding.path, finding.severity) for finding in rule_findings(data, doctype)]


def test_a_receipt_with_change_must_close() -> None:
    assert receipt(total="26.60", cash="100.00", change="73.40") == []
    assert receipt(total="26.58", cash="100.00", change="73.40") == []  # cash is rounded to 5 cents
    assert receipt(total="26.60", cash="-100.00", change="73.40") == []  # tills print it as a deduction too
    assert receipt(total="28.60", cash="100.00", change="73.40") == [("/cash", "error")]


def test_a_receipt_may_print_its_subtotal_with_or_without_tax() -> None:
    assert receipt(total="32.70", subtotal="31.03", tax="1.65") == []  # rounded to 5 cents
    assert receipt(total="30.00", subtotal="30.00", tax="1.70") == []  # tax inclusive
    assert receipt(total="35.00", subtotal="30.00", tax="1.70") == [("/total", "warning")]


def test_a_bank_statement_must_run() -> None:
    doctype = load_type("bank_statement", REPO_SCHEMAS)
    rows: list[dict[str, Any]] = [
        {"date": "2024-01-02", "debit": None, "credit": D("50.00"), "balance": D("150.00")},
        {"date": "2024-01-03", "debit": D("25.50"), "credit": None, "balance": D("124.50")},
    ]
    data = {**empty(doctype), "opening_balance": D(100), "closing_balance": D("124.50"), "rows": rows}
    assert rule_findings(data, doctype) == ()
    rows[1] = {**rows[1], "debit": D("52.50")}
    assert [f.path for f in rule_findings(data, doctype)] == ["/rows/1/balance", "/opening_balance"]


def test_check_digits_that_do_not_agree_are_an_error(tmp_path: Path) -> None:
    account = {"type": ["string", "null"], "x-check-digits": "iban"}
    rows = {"type": "array", "items": {"type": "object", "properties": {"iban": account}}}
    path = tmp_path / "transfer.json"
    path.write_text(json.dumps({"type": "object", "properties": {"iban": account, "rows": rows}}))
    right, wrong = "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"
    data = {"iban": None, "rows": [{"iban": right}, {"iban": wrong}, {"iban": None}]}
    (finding,) = schema_findings(data, load_type(str(path)))
    assert (finding.path, finding.check, finding.severity) == ("/rows/1/iban", "schema", "error")
    assert finding.message == (
        f'iban "{wrong}" is no valid IBAN (International Bank Account Number): a letter or figure of it is wrong'
    )
