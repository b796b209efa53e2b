"""Rules against the witness: sums that were made to fit, and the misread operand that breaks them.

Cases give data and, by pointer, what the witness reads otherwise; a ``?`` in front makes it silent, not
contradicted.
"""

# ruff: noqa: E501 - sentences are compared whole, one case a line
from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.alibi import alibi_findings
from engine.check import rule_findings
from engine.doctype import DocumentType, empty, load_type
from engine.pointer import expand, fill, keys_of, set_at
from engine.result import Field, Verdict

Read = dict[str, str]  # pointer -> the witness's text, "?" in front where it is silent
D = Decimal
REPO_SCHEMAS = Path(__file__).parents[1] / "schemas"


@cache
def doctype(name: str) -> DocumentType:
    return load_type(name, REPO_SCHEMAS)


def document(name: str, **values: Any) -> dict[str, Any]:
    """Data of the type; numbers are written as strings with only digits, sign and point in them."""
    return {**empty(doctype(name)), **{key: exact(value) for key, value in values.items()}}


def exact(value: Any) -> Any:
    if isinstance(value, list):
        return [{key: exact(cell) for key, cell in row.items()} for row in value]
    number = isinstance(value, str) and value.strip("-").replace(".", "", 1).isdecimal()
    return D(value) if number else value


def witnessed(name: str, data: dict[str, Any], read: Read, others: Verdict = "confirmed") -> dict[str, Field]:
    """A field for every leaf: the witness agrees with all but those in ``read``."""
    fields: dict[str, Field] = {}
    for leaf in doctype(name).leaves:
        for keys in keys_of(data, leaf.pointer):
            pointer = fill(leaf.pointer, keys)
            ((_, value),) = expand(data, pointer)
            told = read.get(pointer)
            verdict: Verdict = "unchecked" if value is None else others
            if told is not None:
                verdict = "silent" if told.startswith("?") else "contradicted"
            text = told.lstrip("?") if told is not None else str(value)
            fields[pointer] = Field(value, str(value), page=3, verdict=verdict, witness=text or None)
    assert read.keys() <= fields.keys()
    return fields


def alibis(name: str, data: dict[str, Any], read: Read) -> dict[str, str]:
    found = alibi_findings(data, witnessed(name, data, read), doctype(name))
    assert {(f.check, f.severity, f.page) for f in found} <= {("arithmetic", "error", 3)}
    assert len({f.path for f in found}) == len(found)
    return {finding.path: finding.message for finding in found}


def repairs(name: str, data: dict[str, Any], read: Read) -> dict[str, str]:
    """Path of each failed rule -> what its message adds with the witness to what it says without."""
    fields = witnessed(name, data, read)
    before, after = rule_findings(data, doctype(name)), rule_findings(data, doctype(name), fields)
    assert [(f.path, f.check, f.severity) for f in before] == [(f.path, f.check, f.severity) for f in after]
    assert all(new.message.startswith(old.message) for old, new in zip(before, after, strict=True))
    return {new.path: new.message.removeprefix(old.message) for old, new in zip(before, after, strict=True)}


def invoice(**values: Any) -> dict[str, Any]:
    """Adds up: 40.00 + 60.00 = 100.00, with tax 119.00."""
    items = [
        {"description": "paper", "quantity": "4", "unit_price": "10.00", "amount": "40.00"},
        {"description": "ink", "quantity": "2", "unit_price": "30.00", "amount": "60.00"},
    ]
    usual = {"subtotal": "100.00", "tax": "19.00", "total": "119.00", "date": "2024-03-05", "due_date": "2024-04-05"}
    return document("invoice", **{**usual, "line_items": items, **values})


def statement(balances: list[str], rows: list[tuple[str | None, str | None]]) -> dict[str, Any]:
    """A bank statement from 100.00: (debit, credit) and the balance printed in each row."""
    listed = [
        {"date": "2024-01-02", "debit": debit, "credit": credit, "balance": balance}
        for (debit, credit), balance in zip(rows, balances, strict=True)
    ]
    return document("bank_statement", opening_balance="100.00", rows=listed)


# ---------------------------------------------------------------- rules that hold


def test_digits_that_were_changed_so_that_the_total_fits() -> None:
    forged = invoice(subtotal="120.00", tax="19.00", total="139.00")
    assert alibis("invoice", forged, {"/total": "119.00"}) == {
        "/total": '"total == subtotal + tax + zero(shipping) - abs(zero(discount))" holds with /total as 139.00,'
        " but the witness reads '119.00' there: the digits may have been changed so that the total fits"
    }


SUMS = invoice()
SHIPPED = invoice(shipping="5.00", total="124.00")
RECEIPT = document("receipt", total="26.60", subtotal="25.00", tax="1.60", cash="50.00", change="23.40")
INCLUSIVE = document("receipt", total="30.00", subtotal="30.00", tax="1.70")
LINES = document("receipt", total="9.00", line_items=[{"amount": "4.00"}, {"amount": "5.00"}])
RUN = statement(["150.00", "124.50"], [(None, "50.00"), ("25.50", None)])
FLIGHT = document("ad_buy", flight_from="2018-03-05", flight_to="2018-04-05", gross_amount="90.00", net_amount="80.00")


@pytest.mark.parametrize(
    ("name", "data", "read", "accused"),
    [
        ("invoice", SUMS, {}, []),
        ("invoice", SUMS, {"/total": "19.00"}, ["/total"]),
        ("invoice", SUMS, {"/total": "?19.00"}, []),  # silence is not guilt
        ("invoice", SUMS, {"/total": ""}, ["/total"]),  # contradicted without a reading that can be shown
        ("invoice", SUMS, {"/total": "19.00", "/tax": "9.00"}, ["/tax", "/total"]),  # one each, in the type's order
        ("invoice", SUMS, {"/line_items/1/amount": "66.00"}, ["/line_items/1/amount"]),  # two rules, one finding
        ("invoice", SUMS, {"/line_items/0/description": "pager"}, []),  # no operand
        ("invoice", SUMS, {"/date": "2025-03-05"}, []),  # an order of dates that holds vouches for no digit
        ("invoice", SHIPPED, {"/shipping": "8.00"}, ["/shipping"]),
        ("invoice", SUMS, {"/total": "119.01"}, []),  # within the tolerance: the rule vouches for neither
        ("invoice", SUMS, {"/total": "119.03"}, ["/total"]),
        ("invoice", invoice(tax=None), {"/total": "19.00"}, []),  # not applicable
        ("invoice", invoice(total="119.90"), {"/total": "119.00"}, []),  # fails, so it is no alibi
        ("invoice", invoice(total="119.90"), {"/total": "118.00"}, []),
        ("receipt", RECEIPT, {"/cash": "60.00"}, ["/cash"]),
        ("receipt", RECEIPT, {"/tax": "1.80"}, ["/tax"]),  # a difference held under a constant
        ("receipt", INCLUSIVE, {"/tax": "1.10"}, []),  # total is the subtotal, whatever the tax
        ("receipt", LINES, {"/line_items/1/amount": "6.00"}, ["/line_items/1/amount"]),
        ("bank_statement", RUN, {"/rows/0/balance": "160.00"}, ["/rows/0/balance"]),
        ("bank_statement", RUN, {"/opening_balance": "700.00"}, ["/opening_balance"]),
        ("ad_buy", FLIGHT, {"/flight_to": "04/05/19", "/net_amount": "30.00"}, []),  # only orders hold
        ("form", document("form", title="Claim"), {"/title": "Blame"}, []),  # a type without rules
    ],
)
def test_a_rule_that_holds_is_no_alibi_for_what_the_witness_contradicts(
    name: str, data: dict[str, Any], read: Read, accused: list[str]
) -> None:
    assert list(alibis(name, data, read)) == accused


@pytest.mark.parametrize(
    ("rule", "accused"),
    [
        ("copies == sheets", ["/copies"]),
        ("copies == 3", []),  # one operand adds up to nothing
        ("copies != sheets - 1", []),
        ("copies <= sheets", []),
        ("abs(copies - sheets) < 1", ["/copies"]),
        ("copies + sheets <= 6", []),  # a limit
        ("begin == end", ["/begin"]),  # dates may be made to fit as well
        ("title == subtitle", []),  # words have no digits
    ],
)
def test_only_equations_can_have_been_made_to_fit(rule: str, accused: list[str], tmp_path: Path) -> None:
    values = {"copies": 3, "sheets": 3, "begin": "2024-05-01", "end": "2024-05-01", "title": "A", "subtitle": "A"}
    types = {name: {"type": "integer" if isinstance(value, int) else "string"} for name, value in values.items()}
    types |= {name: {**types[name], "format": "date"} for name in ("begin", "end")}
    (tmp_path / "print_job.json").write_text(json.dumps({"type": "object", "properties": types, "x-checks": [rule]}))
    others = {"copies": "8", "begin": "2024-06-01", "title": "B"}
    fields = {
        f"/{name}": Field(value, verdict="contradicted" if name in others else "confirmed", witness=others.get(name))
        for name, value in values.items()
    }
    assert [f.path for f in alibi_findings(values, fields, load_type("print_job", tmp_path))] == accused


def test_several_rules_are_told_in_one_finding() -> None:
    told = alibis("invoice", SUMS, {"/line_items/1/amount": "66.00"})["/line_items/1/amount"]
    assert '"sum(line_items.amount) == subtotal" and "each(line_items): amount == quantity * unit_price" hold' in told


def test_a_rule_over_rows_is_told_once_however_many_rows_read_the_operand() -> None:
    told = alibis("bank_statement", RUN, {"/rows/0/balance": "160.00"})["/rows/0/balance"]
    assert told.count("prev(balance)") == 1


# ---------------------------------------------------------------- rules that fail

MISREAD = invoice(subtotal="106.00", total="125.00")
TWO = invoice(subtotal="100.00", tax="79.00", total="719.00")
NET = document("ad_buy", gross_amount="100.00", commission="15.00", net_amount="35.00")
THREE = document("ad_buy", gross_amount="700.00", commission="75.00", net_amount="35.00")
SWAPPED = document("ad_buy", flight_from="2018-05-06", flight_to="2018-04-07")
LATE = document("ad_buy", flight_from="2019-03-05", flight_to="2018-04-05")


@pytest.mark.parametrize(
    ("name", "data", "read", "path", "said"),
    [
        ("invoice", MISREAD, {"/subtotal": "100.00"}, "/line_items", "/subtotal were 100.00"),
        ("invoice", MISREAD, {"/subtotal": "?100.00"}, "/line_items", "/subtotal were 100.00"),
        ("invoice", MISREAD, {"/line_items/1/amount": "66.00"}, "/line_items", "/line_items/1/amount were 66.00"),
        ("invoice", MISREAD, {"/line_items/1/amount": "EUR 66,00"}, "/line_items", "/line_items/1/amount were 66.00"),
        ("invoice", MISREAD, {"/line_items/1/amount": "66.03"}, "/line_items", "/line_items/1/amount were 66.03"),  # tolerance
        ("invoice", MISREAD, {"/line_items/1/amount": "66.06"}, "/line_items", ""),
        ("invoice", MISREAD, {"/line_items/1/amount": "6o.oo?!"}, "/line_items", ""),  # no number
        ("invoice", MISREAD, {"/line_items/1/amount": "60.00"}, "/line_items", ""),  # the same value
        ("invoice", MISREAD, {"/line_items/1/quantity": "106"}, "/line_items", ""),  # no operand of this rule
        ("invoice", MISREAD, {}, "/line_items", ""),
        ("invoice", TWO, {"/tax": "19.00", "/total": "119.00"}, "/total", "/total were 119.00 and /tax were 19.00"),
        ("invoice", TWO, {"/tax": "19.00", "/total": "179.00"}, "/total", "/total were 179.00"),  # one is fewer than two
        ("invoice", TWO, {"/tax": "619.00", "/total": "179.00"}, "/total", "/total were 179.00, or if /tax were 619.00"),
        ("invoice", TWO, {"/tax": "619.00", "/total": "?179.00"}, "/total", "/tax were 619.00, or if /total were 179.00"),  # contradicted first
        ("invoice", TWO, {"/tax": "619.00", "/total": "179.00", "/subtotal": "640.00"}, "/total", "/total were 179.00, or if /subtotal were 640.00"),
        ("invoice", invoice(subtotal="1134.00", tax="100.00", total="7234.00"), {"/total": "1.234"}, "/total", "/total were 1234"),  # either sign may be the decimal one
        ("ad_buy", NET, {"/net_amount": "85.00"}, "/net_amount", "/net_amount were 85.00"),
        ("ad_buy", NET, {"/net_amount": "(85.00)"}, "/net_amount", "/net_amount were 85.00"),  # brackets as the column's custom
        ("ad_buy", THREE, {"/gross_amount": "100.00", "/commission": "15.00", "/net_amount": "85.00"}, "/net_amount", "/net_amount were 85.00 and /gross_amount were 100.00 and /commission were 15.00"),
        ("ad_buy", LATE, {"/flight_from": "03/05/2018"}, "/flight_from", "/flight_from were 2018-03-05"),  # 3 May would not do
        ("ad_buy", LATE, {"/flight_to": "Apr 5, 2019"}, "/flight_from", "/flight_to were 2019-04-05"),
        ("ad_buy", LATE, {"/flight_to": "04/05/2019"}, "/flight_from", "/flight_to were 2019-05-04, or if /flight_to were 2019-04-05"),  # the witness does not tell the order
        ("ad_buy", SWAPPED, {"/flight_to": "04/07/2018"}, "/flight_from", ""),  # it may mean the same date
        ("ad_buy", LATE, {"/flight_to": "04/05/2019 - 05/06/2019"}, "/flight_from", ""),  # two dates are no reading
    ],
)  # fmt: skip
def test_a_rule_that_fails_names_the_fewest_operands_with_which_it_would_hold(
    name: str, data: dict[str, Any], read: Read, path: str, said: str
) -> None:
    assert repairs(name, data, read)[path] == (said and f"; it would hold if {said}, as the witness reads")


@pytest.mark.parametrize(
    ("balances", "read", "said"),
    [
        # one wrong balance breaks its own row and the next
        (["150.00", "724.50", "134.50"], {"/rows/1/balance": "124.50"}, {"/rows/1/balance": "/rows/1/balance were 124.50", "/rows/2/balance": "/rows/1/balance were 124.50"}),
        (["150.00", "124.50", "734.50"], {"/rows/2/balance": "134.50"}, {"/rows/2/balance": "/rows/2/balance were 134.50"}),
        (["750.00", "124.50", "134.50"], {"/rows/0/balance": "?150.00"}, {"/rows/0/balance": "/rows/0/balance were 150.00", "/rows/1/balance": "/rows/0/balance were 150.00"}),
        # the first row's balance before it is the opening one
        (["650.00", "624.50", "634.50"], {"/opening_balance": "600.00"}, {"/rows/0/balance": "/opening_balance were 600.00"}),
        # two wrong ones in a row: the rule between them wants both
        (["790.00", "724.00", "134.50"], {"/rows/0/balance": "150.00", "/rows/1/balance": "124.50"}, {"/rows/0/balance": "/rows/0/balance were 150.00", "/rows/1/balance": "/rows/1/balance were 124.50 and /rows/0/balance were 150.00", "/rows/2/balance": "/rows/1/balance were 124.50"}),
        # the debit is what was misread: the balance of another row does not help
        (["150.00", "129.50", "139.50"], {"/rows/1/debit": "20.50", "/rows/2/balance": "199.00"}, {"/rows/1/balance": "/rows/1/debit were 20.50"}),
    ],
)  # fmt: skip
def test_a_wrong_balance_is_named_by_every_rule_that_it_breaks(
    balances: list[str], read: Read, said: dict[str, str]
) -> None:
    data = statement(balances, [(None, "50.00"), ("25.50", None), (None, "10.00")])
    told = {path: f"; it would hold if {words}, as the witness reads" for path, words in said.items()}
    assert repairs("bank_statement", data, read) == told


@given(st.lists(st.integers(-99_999, 99_999), min_size=1, max_size=12), st.data())
@settings(deadline=None)
def test_a_digit_that_breaks_a_statement_is_found_wherever_it_stands(cents: list[int], draw: st.DataObject) -> None:
    balance, rows, balances = D(100), list[tuple[str | None, str | None]](), list[str]()
    for change in cents:
        balance += D(change) / 100
        rows.append((str(-D(change) / 100), None) if change < 0 else (None, str(D(change) / 100)))
        balances.append(str(balance))
    data = statement(balances, rows)
    row = draw.draw(st.integers(0, len(rows) - 1))
    column = draw.draw(st.sampled_from(["balance", "debit" if cents[row] < 0 else "credit"]))
    right = data["rows"][row][column]
    assert rule_findings(data, doctype("bank_statement")) == ()
    data["rows"][row][column] = right + draw.draw(st.integers(1, 900))
    pointer = f"/rows/{row}/{column}"
    told = repairs("bank_statement", data, {pointer: str(right)})
    assert len(told) == (2 if column == "balance" and row + 1 < len(rows) else 1)
    assert set(told.values()) == {f"; it would hold if {pointer} were {right}, as the witness reads"}


def test_only_rows_that_the_rule_reads_are_named() -> None:
    data = invoice(
        line_items=[{"quantity": "2", "unit_price": "3.00", "amount": amount} for amount in ("6.00", "7.00")]
    )
    wanted = {"/line_items/0/quantity": "7", "/line_items/1/amount": "6.00"}
    said = "; it would hold if /line_items/1/amount were 6.00, as the witness reads"
    assert repairs("invoice", {**data, "subtotal": D("12.00"), "total": D("31.00")}, wanted) == {
        "/line_items": said,
        "/line_items/1/amount": said,
    }


@pytest.mark.parametrize("verdict", ["unchecked", "confirmed"])
def test_without_a_witness_that_objects_nothing_changes(verdict: Verdict) -> None:
    for data in (SUMS, MISREAD, TWO):
        fields = witnessed("invoice", data, {}, verdict)
        fields["/total"] = Field(data["total"], "119", verdict=verdict, witness="100.00")
        assert alibi_findings(data, fields, doctype("invoice")) == ()
        assert rule_findings(data, doctype("invoice"), fields) == rule_findings(data, doctype("invoice"))


def test_trying_readings_leaves_the_data_alone() -> None:
    before = repr(TWO)
    repairs("invoice", TWO, {"/tax": "19.00", "/total": "119.00"})
    alibis("invoice", SUMS, {"/tax": "19.00", "/total": "119.00"})
    assert repr(TWO) == before


@pytest.mark.parametrize("wrong", [1, 2, 3, 4])
def test_a_long_column_names_up_to_three_of_its_cells(wrong: int) -> None:
    """Four misread cells among twenty: no three of them make the sum, and four are too many to be told."""
    items = [{"amount": "10.00"} for _ in range(20)]
    data = invoice(line_items=items, subtotal="200.00")
    read: Read = {}
    for index in range(0, 5 * wrong, 5):
        set_at(data, f"/line_items/{index}/amount", D(f"{7 + index}.00"))
        read[f"/line_items/{index}/amount"] = "10.00"
    said = repairs("invoice", data, read)["/line_items"]
    assert said.count("were 10.00") == (wrong if wrong <= 3 else 0)


def test_of_many_doubted_cells_the_first_are_tried_and_the_contradicted_before_the_silent() -> None:
    data = invoice(line_items=[{"amount": "10.00"} for _ in range(30)], subtotal="301.00")
    silent = {f"/line_items/{index}/amount": "?90.00" for index in range(29)}
    told = repairs("invoice", data, {**silent, "/line_items/29/amount": "11.00"})
    assert told["/line_items"] == "; it would hold if /line_items/29/amount were 11.00, as the witness reads"
    assert repairs("invoice", data, {**silent, "/line_items/29/amount": "?11.00"})["/line_items"] == ""
