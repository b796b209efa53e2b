"""Cells of tables against the lines they stand on: typed pages for the special cases, fixtures read by Tesseract."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.config import Config
from engine.doctype import load_type
from engine.ocr.tesseract import Tesseract
from engine.page import Reader, Reading
from engine.pointer import expand
from engine.reading import read_page
from engine.receive import receive
from engine.result import Field
from engine.witness.judgement import Judgement
from engine.witness.rows import judge_rows
from engine.witness.sight import Sight
from tests.pages import typed_reading

FIXTURES = Path(__file__).parents[2] / "fixtures"
Row = Mapping[str, Any]

PAGE = """
    Description                   Qty     Unit price      Amount

    Ball valve, brass               4           3.75       15.00
    Gate valve, cast iron          11          17.44      191.84
    Copper tube 22 mm               3           9.10       27.30
    Pipe clip                       1           0.45        0.45
    Compression elbow               6           2.85       17.10

    Subtotal                                              251.69
"""
ROWS: tuple[Row, ...] = (
    {"description": "Ball valve, brass", "quantity": 4, "unit_price": Decimal("3.75"), "amount": Decimal("15.00")},
    {
        "description": "Gate valve, cast iron",
        "quantity": 11,
        "unit_price": Decimal("17.44"),
        "amount": Decimal("191.84"),
    },
    {"description": "Copper tube 22 mm", "quantity": 3, "unit_price": Decimal("9.10"), "amount": Decimal("27.30")},
    {"description": "Pipe clip", "quantity": 1, "unit_price": Decimal("0.45"), "amount": Decimal("0.45")},
    {"description": "Compression elbow", "quantity": 6, "unit_price": Decimal("2.85"), "amount": Decimal("17.10")},
)


def judged(
    rows: Sequence[Row], *pages: str | tuple[str, ...], type: str = "invoice", array: str = "/line_items"
) -> dict[str, Judgement]:
    """The verdicts of all cells; each of ``pages`` is one reader's page or pages as text."""
    readings = [[typed_reading(text, n) for n, text in enumerate([p] if isinstance(p, str) else p, 1)] for p in pages]
    doctype = load_type(type)
    readers: tuple[Reader, ...] = ("tesseract", "paddle")
    sights = [Sight(name, tuple(read), doctype) for name, read in zip(readers, readings, strict=False)]
    fields = {
        f"{array}/{n}/{name}": Field(value, source="given") for n, row in enumerate(rows) for name, value in row.items()
    }
    return judge_rows(fields, array, sights)


def changed(row: int, **cells: Any) -> tuple[Row, ...]:
    return tuple({**r, **cells} if n == row else r for n, r in enumerate(ROWS))


def verdict(judgements: Mapping[str, Judgement], row: int, leaf: str, array: str = "/line_items") -> str:
    return judgements[f"{array}/{row}/{leaf}"].verdict


# --- typed pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("readers", [1, 2])
def test_true_cells_are_confirmed(readers: int) -> None:
    found = judged(ROWS, *[PAGE] * readers)
    assert len(found) == 20
    assert {j.verdict for j in found.values()} == {"confirmed"}


def test_a_judgement_shows_where_the_value_stands() -> None:
    found = judged(ROWS, PAGE, PAGE)["/line_items/1/amount"]
    assert (found.witness, found.page, found.quality) == ("191.84", 1, "exact")
    assert found.box is not None
    line = PAGE.split("\n")[4]  # the first line of PAGE is empty and not a row of the page
    assert found.box.x0 == pytest.approx((line.index("191.84") - 4) / 80)
    assert found.evidence["equal"] == found.evidence["second"] == found.evidence["column"] == 1.0


@pytest.mark.parametrize(
    ("row", "leaf", "value"),
    [
        (1, "amount", Decimal("191.94")),
        (1, "amount", Decimal("27.30")),  # of the next row
        (1, "amount", Decimal("17.44")),  # of another column
        (1, "quantity", 12),
        (0, "unit_price", Decimal("37.5")),
        (3, "unit_price", Decimal("0.54")),  # 0.45 stands in its row twice
        (3, "quantity", 3),
        (4, "amount", Decimal("251.69")),  # of the line below the table
        (2, "description", "Copper tube 28 mm"),
        (2, "description", "Pipe clip"),
    ],
)
def test_a_wrong_cell_is_contradicted_by_two_readers_and_not_by_one(row: int, leaf: str, value: Any) -> None:
    rows = changed(row, **{leaf: value})
    assert verdict(judged(rows, PAGE, PAGE), row, leaf) == "contradicted"
    assert verdict(judged(rows, PAGE), row, leaf) == "silent"


@pytest.mark.parametrize("row", range(5))
def test_one_wrong_cell_accuses_no_other(row: int) -> None:
    found = judged(changed(row, amount=Decimal("888.88")), PAGE, PAGE)
    assert [p for p, j in found.items() if j.verdict != "confirmed"] == [f"/line_items/{row}/amount"]


def test_swapped_columns_are_contradicted() -> None:
    found = judged(changed(1, unit_price=Decimal("191.84"), amount=Decimal("17.44")), PAGE, PAGE)
    assert verdict(found, 1, "unit_price") == verdict(found, 1, "amount") == "contradicted"


def test_columns_swapped_in_every_row_are_an_error() -> None:
    swapped = [{**row, "unit_price": row["amount"], "amount": row["unit_price"]} for row in ROWS]
    found = judged(swapped, PAGE, PAGE)
    wrong = [n for n, row in enumerate(ROWS) if row["amount"] != row["unit_price"]]
    cells = [found[f"/line_items/{n}/{leaf}"] for n in wrong for leaf in ("unit_price", "amount")]
    assert all(j.verdict != "confirmed" and j.evidence["otherwise"] == 1.0 for j in cells)


def test_readers_that_disagree_do_not_contradict() -> None:
    rows = changed(1, amount=Decimal("555.55"))
    assert verdict(judged(rows, PAGE, PAGE.replace("191.84", "791.24")), 1, "amount") == "silent"


def test_one_reader_is_enough_to_confirm() -> None:
    found = judged(ROWS, PAGE.replace("191.84", "l9I.B4"), PAGE)
    assert verdict(found, 1, "amount") == "confirmed"


@pytest.mark.parametrize("misread", ["19184", "191.B4", "197.84", "191,84"])
def test_what_may_be_a_fault_of_ocr_is_no_contradiction(misread: str) -> None:
    page = PAGE.replace("191.84", misread)
    assert verdict(judged(ROWS, page, page), 1, "amount") in ("silent", "confirmed")


def test_an_invented_row_is_silent_and_the_others_stay() -> None:
    invented = {"description": "Brass olive", "quantity": 7, "unit_price": Decimal("8.88"), "amount": Decimal("62.16")}
    found = judged([*ROWS[:2], invented, *ROWS[2:]], PAGE, PAGE)
    for leaf in invented:
        assert verdict(found, 2, leaf) == "silent"
    assert "stands nowhere" in found["/line_items/2/amount"].reason
    assert sum(j.verdict == "confirmed" for j in found.values()) == 20


def test_a_left_out_row_moves_no_other() -> None:
    found = judged([*ROWS[:1], *ROWS[2:]], PAGE, PAGE)
    assert {j.verdict for j in found.values()} == {"confirmed"}


REPEATED = """
    Description                   Qty     Unit price      Amount
    Morning Drive                  12          64.00      768.00
    Midday Mix                      8          41.00      328.00
    Morning Drive                  12          64.00      768.00
    Midday Mix                      8          41.00      328.00
    Morning Drive                  12          64.00      769.00
    Midday Mix                      8          41.00      328.00
"""
AGAIN: tuple[Row, ...] = (
    {"description": "Morning Drive", "quantity": 12, "unit_price": Decimal("64.00"), "amount": Decimal("768.00")},
    {"description": "Midday Mix", "quantity": 8, "unit_price": Decimal("41.00"), "amount": Decimal("328.00")},
)


def test_equal_rows_are_told_apart_by_their_order() -> None:
    found = judged(AGAIN * 3, REPEATED, REPEATED)
    boxes = [found[f"/line_items/{n}/description"].box for n in range(6)]
    tops = [box.y0 for box in boxes if box]
    assert tops == sorted(set(tops))
    assert len(tops) == 6
    assert verdict(found, 2, "amount") == "confirmed"
    assert verdict(found, 4, "amount") == "contradicted"  # 769.00 is printed there


def test_where_the_row_may_stand_on_two_lines_nothing_is_contradicted() -> None:
    claimed = [{**AGAIN[0], "amount": Decimal("555.00")}]
    found = judged(claimed, REPEATED, REPEATED)["/line_items/0/amount"]
    assert found.verdict == "silent"


STATEMENT = """
    Date        Details                     Paid out     Paid in     Balance
    01 Feb      Opening balance                                     4,218.67
    01 Feb      Rent The Maltings            -875.00                3,343.67
    02 Feb      Wren Books                    -23.48                3,320.19
    07 Feb      Transfer from J Farthing                  250.00    3,570.19
    08 Feb      Oakley Grocers                -54.36                3,515.83
    Period 1 February 2024 to 29 February 2024
"""
SPENT: tuple[Row, ...] = tuple(
    {
        "date": f"2024-02-{day}",
        "description": text,
        **({"debit": Decimal(debit)} if debit else {}),
        **({"credit": Decimal(credit)} if credit else {}),
        "balance": Decimal(balance),
    }
    for day, text, debit, credit, balance in (
        ("01", "Rent The Maltings", "875.00", "", "3343.67"),
        ("02", "Wren Books", "23.48", "", "3320.19"),
        ("07", "Transfer from J Farthing", "", "250.00", "3570.19"),
        ("08", "Oakley Grocers", "54.36", "", "3515.83"),
    )
)


def statement(rows: Sequence[Row]) -> dict[str, Judgement]:
    return judged(rows, STATEMENT, STATEMENT, type="bank_statement", array="/rows")


def test_a_column_may_leave_out_the_sign_and_a_date_its_year() -> None:
    assert {p: j.reason for p, j in statement(SPENT).items() if j.verdict != "confirmed"} == {}


def test_a_sign_that_one_row_alone_turns_is_not_confirmed() -> None:
    plain = STATEMENT.replace("-", " ")
    rows = [SPENT[0], {**SPENT[1], "debit": Decimal("-23.48")}, *SPENT[2:]]
    found = judged(rows, plain, plain, type="bank_statement", array="/rows")
    assert verdict(found, 1, "debit", "/rows") != "confirmed"


def test_debit_taken_for_credit_is_not_confirmed() -> None:
    rows = [{k: v for k, v in {**row, "credit": row.get("debit")}.items() if k != "debit"} for row in SPENT[:1]]
    assert verdict(statement([*rows, *SPENT[1:]]), 0, "credit", "/rows") != "confirmed"


def test_another_year_than_the_documents_is_contradicted() -> None:
    rows = [SPENT[0], {**SPENT[1], "date": "2023-02-02"}, *SPENT[2:]]
    assert verdict(statement(rows), 1, "date", "/rows") == "contradicted"


WRAPPED = """
    Description                   Qty     Unit price      Amount
    Exhibition catalogue,           2        1,284.56    2,569.12
    96 pages, offset
    Art cards A6                    5           10.00       50.00
    Poster B1, screen               3           12.40       37.20
    print, three colours
"""


def test_wrapped_descriptions_are_read_over_their_lines() -> None:
    rows = [
        {"description": "Exhibition catalogue, 96 pages, offset", "quantity": 2, "amount": Decimal("2569.12")},
        {"description": "Art cards A6", "quantity": 5, "amount": Decimal("50.00")},
        {"description": "Poster B1, screen print, three colours", "quantity": 3, "amount": Decimal("37.20")},
    ]
    found = judged(rows, WRAPPED)
    assert {j.verdict for j in found.values()} == {"confirmed"}
    first, second = (found[f"/line_items/{n}/description"].box for n in (0, 1))
    assert first is not None
    assert second is not None
    assert first.height > 2 * second.height


SLIP = """
    MILK 2L                        3.40
    TEH TARIK
      2 x 2.20                     4.40
    TOMATOES                       9.18
      2.30 @ 3.99
    TOTAL                         16.98
"""


def test_a_slip_without_a_head() -> None:
    rows = [
        {"description": "MILK 2L", "amount": Decimal("3.40")},
        {"description": "TEH TARIK", "quantity": 2, "unit_price": Decimal("2.20"), "amount": Decimal("4.40")},
        {
            "description": "TOMATOES",
            "quantity": Decimal("2.30"),
            "unit_price": Decimal("3.99"),
            "amount": Decimal("9.18"),
        },
    ]
    found = judged(rows, SLIP, type="receipt")
    assert all(verdict(found, n, "amount") == "confirmed" for n in range(3))
    rows[2] = {**rows[2], "unit_price": Decimal("9.18"), "amount": Decimal("3.99")}
    found = judged(rows, SLIP, SLIP, type="receipt")
    assert "confirmed" not in (verdict(found, 2, "unit_price"), verdict(found, 2, "amount"))


def test_the_next_description_above_its_numbers_is_not_this_rows() -> None:
    page = """
        Item                    Qty  Unit price    Amount
        PAINT BRUSH
        9556001                   2        6.90     13.80
        WOOD SCREW
        9556127                   1       11.80     11.80
        SILICONE SEALANT
        9557340                   3       14.50     43.50
        MASKING TAPE
        9551902                   4        3.75     15.00
    """
    rows: list[Row] = [
        {"description": text, "quantity": count, "unit_price": Decimal(price), "amount": Decimal(amount)}
        for text, count, price, amount in (
            ("PAINT BRUSH", 2, "6.90", "13.80"),
            ("WOOD SCREW", 1, "11.80", "11.80"),
            ("SILICONE SEALANT", 3, "14.50", "43.50"),
            ("MASKING TAPE", 4, "3.75", "15.00"),
        )
    ]
    assert {j.verdict for j in judged(rows, page, type="receipt").values()} == {"confirmed"}
    rows[1] = {**rows[1], "description": "SILICONE SEALANT"}
    assert verdict(judged(rows, page, page, type="receipt"), 1, "description") != "confirmed"


def test_rows_run_on_over_pages() -> None:
    other = PAGE.replace("valve", "cock").replace("15.00", "15.60").replace("191.84", "191.48")
    rows = [*ROWS, *ROWS[2:]]
    rows[5:5] = [
        {**ROWS[0], "description": "Ball cock, brass", "amount": Decimal("15.60")},
        {**ROWS[1], "description": "Gate cock, cast iron", "amount": Decimal("191.48")},
    ]
    found = judged(rows, (PAGE, other), (PAGE, other))
    assert {j.verdict for j in found.values()} == {"confirmed"}
    assert [found[f"/line_items/{n}/amount"].page for n in range(10)] == [1] * 5 + [2] * 5


def test_a_second_reader_of_other_pages_only_is_no_second_reader() -> None:
    doctype = load_type("invoice")
    sights = [
        Sight("tesseract", (typed_reading(PAGE, 1),), doctype),
        Sight("paddle", (typed_reading("nothing of the kind", 2),), doctype),
    ]
    fields = {"/line_items/0/amount": Field(Decimal("15.00")), "/line_items/0/unit_price": Field(Decimal("3.75"))}
    assert judge_rows(fields, "/line_items", sights)["/line_items/0/amount"].evidence["second"] == 0.0


def test_nothing_is_said_of_nulls_and_other_arrays() -> None:
    doctype = load_type("invoice")
    sights = [Sight("tesseract", (typed_reading(PAGE),), doctype)]
    fields = {"/line_items/0/amount": Field(None, missing="absent"), "/total": Field(Decimal("1.00"))}
    assert judge_rows(fields, "/line_items", sights) == {}
    assert judge_rows(fields, "/line_items", []) == {}


def test_a_page_without_words_is_silent() -> None:
    doctype = load_type("invoice")
    sights = [Sight("tesseract", (replace(typed_reading(PAGE), words=()),), doctype)]
    found = judge_rows({"/line_items/0/amount": Field(Decimal("15.00"))}, "/line_items", sights)
    assert found["/line_items/0/amount"].verdict == "silent"


# --- faults that all rows share: the claim is no evidence for its own columns ---------------------------------

UNKNOWN_HEADS = PAGE.replace("Description", "Goods      ").replace("Qty", "  n").replace("Unit price", "    EUR/pc")
UNKNOWN_HEADS = UNKNOWN_HEADS.replace("     Amount", "        EUR")


def exchanged(rows: Sequence[Row], one: str, other: str) -> tuple[Row, ...]:
    names = {one: other, other: one}
    return tuple({names.get(name, name): value for name, value in row.items()} for row in rows)


@pytest.mark.parametrize("readers", [1, 2])
@pytest.mark.parametrize("page", [UNKNOWN_HEADS, "\n".join(PAGE.split("\n")[2:])], ids=["unknown head", "no head"])
def test_columns_without_a_known_head_are_told_by_the_rule_and_the_order_of_the_leaves(page: str, readers: int) -> None:
    assert {j.verdict for j in judged(ROWS, *[page] * readers).values()} == {"confirmed"}
    found = judged(exchanged(ROWS, "unit_price", "amount"), *[page] * readers)
    for leaf in ("unit_price", "amount"):
        cells = [found[f"/line_items/{n}/{leaf}"] for n in range(5)]
        assert {j.verdict for j in cells} == {"silent"}
        assert all(j.evidence["otherwise"] == 1.0 for j in cells)  # an error: the document goes to review


def test_a_price_without_decimals_beside_counts_with_them_is_told_by_no_order() -> None:
    page = """
        Program                   EUR      n
        Morning Drive           64.00     12
        Midday Mix              41.00      8
        Evening Echo            37.50      5
    """
    rows: list[Row] = [
        {"description": text, "quantity": Decimal(price), "unit_price": Decimal(count)}
        for text, price, count in (
            ("Morning Drive", "64.00", "12"),
            ("Midday Mix", "41.00", "8"),
            ("Evening Echo", "37.50", "5"),
        )
    ]
    found = judged(rows, page, page)
    assert {verdict(found, n, leaf) for n in range(3) for leaf in ("quantity", "unit_price")} == {"silent"}


def test_what_a_program_wrote_needs_no_second_reader_to_be_an_error() -> None:
    rows = changed(1, amount=Decimal("27.30"))
    doctype, reading = load_type("invoice"), typed_reading(PAGE)
    digital = replace(reading, source="text_layer", words=tuple(replace(w, reader="text_layer") for w in reading.words))
    fields = {f"/line_items/{n}/{k}": Field(v, source="given") for n, row in enumerate(rows) for k, v in row.items()}
    for seen, error in ((digital, 1.0), (reading, 0.0)):
        found = judge_rows(fields, "/line_items", [Sight("tesseract", (seen,), doctype)])["/line_items/1/amount"]
        assert (found.verdict, found.evidence["otherwise"]) == ("silent", error)


def test_without_head_and_rule_only_the_order_of_the_leaves_confirms() -> None:
    plain = [{k: v for k, v in row.items() if k != "quantity"} for row in ROWS if row["amount"] != row["unit_price"]]
    page = "\n".join(line for line in UNKNOWN_HEADS.split("\n") if "Pipe clip" not in line)
    found = judged(plain, page, page)
    assert {j.verdict for j in found.values()} == {"confirmed"}
    assert found["/line_items/0/amount"].evidence["column"] == 0.5
    found = judged(exchanged(plain, "unit_price", "amount"), page, page)
    assert {found[f"/line_items/{n}/{leaf}"].verdict for n in range(4) for leaf in ("unit_price", "amount")} == {
        "silent"
    }


def test_a_lone_amount_may_be_from_any_of_two_columns_that_no_head_names() -> None:
    for taken in ("unit_price", "amount"):
        rows = [{"description": row["description"], "amount": row[taken]} for row in ROWS]
        found = judged(rows, UNKNOWN_HEADS, UNKNOWN_HEADS)
        assert {found[f"/line_items/{n}/amount"].verdict for n in range(5) if n != 3} == {"silent"}


def test_a_rule_that_fails_in_a_row_takes_back_what_no_head_tells() -> None:
    found = judged(changed(1, quantity=12), UNKNOWN_HEADS, UNKNOWN_HEADS)
    assert {verdict(found, 1, leaf) for leaf in ("unit_price", "amount")} == {"silent"}
    assert {verdict(found, 2, leaf) for leaf in ("quantity", "unit_price", "amount")} == {"confirmed"}


MOVED = """
    First Bank               Statement of account
    Statement period: 15 Dec 2023 to 14 Jan 2024
    Issued 15 Jan 2024, printed 16 Jan 2024

    Date      Description            Debit     Credit    Balance
    18 Dec    Card payment Acme      45.00                  955.00
    28 Dec    Salary                          2,000.00    2,955.00
    03 Jan    Rent                  800.00                2,155.00
    09 Jan    Electricity            61.20                2,093.80
    11 Jan    Water works            31.20                2,062.60
"""
MOVES: tuple[Row, ...] = tuple(
    {"date": day, "description": text, column: Decimal(amount), "balance": Decimal(balance)}
    for day, text, column, amount, balance in (
        ("2023-12-18", "Card payment Acme", "debit", "45.00", "955.00"),
        ("2023-12-28", "Salary", "credit", "2000.00", "2955.00"),
        ("2024-01-03", "Rent", "debit", "800.00", "2155.00"),
        ("2024-01-09", "Electricity", "debit", "61.20", "2093.80"),
        ("2024-01-11", "Water works", "debit", "31.20", "2062.60"),
    )
)
NO_HEADS = MOVED.replace("Debit", "     ").replace("Credit", "      ")


def moves(rows: Sequence[Row], page: str = MOVED) -> dict[str, Judgement]:
    return judged(rows, page, page, type="bank_statement", array="/rows")


@pytest.mark.parametrize(
    "period",
    ["15 Dec 2023 to 14 Jan 2024", "15 Dec 2023 - 14 Jan 2024", "15.12.2023 bis 14.01.2024", "15 Dec to 14 Jan 2024"],
)
def test_a_printed_period_tells_the_year_of_each_date(period: str) -> None:
    page = MOVED.replace("15 Dec 2023 to 14 Jan 2024", period)
    assert {p: j.reason for p, j in moves(MOVES, page).items() if j.verdict != "confirmed"} == {}
    for year in ("2022", "2023", "2024"):
        rows = [{**row, "date": year + row["date"][4:]} for row in MOVES]
        found = moves(rows, page)
        wrong = [n for n, row in enumerate(MOVES) if row["date"][:4] != year]
        assert {verdict(found, n, "date", "/rows") for n in wrong} == {"contradicted"}


@pytest.mark.parametrize(
    "dates",
    [
        ["Opened 15 Dec 2023, a balance of 14 Jan 2024"],  # two years and no period
        ["Issued 14 Jan 2024"],  # a year that makes 18 December later than the statement
        ["1 Jan 2023 to 31 Dec 2023", "1 Jan 2024 to 31 Dec 2024"],
    ],
)
def test_where_several_years_may_be_meant_none_is_confirmed_nor_contradicted(dates: Sequence[str]) -> None:
    lines = [line for line in MOVED.split("\n") if "2024" not in line]
    page = "\n".join([lines[1], *(f"    {date}" for date in dates), *lines[2:]])
    for year in ("2023", "2024"):
        found = moves([{**row, "date": year + row["date"][4:]} for row in MOVES], page)["/rows/0/date"]
        assert found.verdict == "silent"
        assert found.evidence["otherwise"] == found.evidence["nowhere"] == 0.0  # no error either
    other = [{**MOVES[0], "date": "2023-12-23"}, *MOVES[1:]]
    assert verdict(moves(other, page), 0, "date", "/rows") == "contradicted"


def test_money_in_taken_for_money_out_in_all_rows_is_not_confirmed() -> None:
    found = moves(MOVES, NO_HEADS)
    assert [p for p, j in found.items() if j.verdict != "confirmed"] == ["/rows/1/credit"]  # one alone is no column
    found = moves(exchanged(MOVES, "debit", "credit"), NO_HEADS)
    assert {j.verdict for p, j in found.items() if p.endswith("it")} == {"silent"}
    no_balance = [{k: v for k, v in row.items() if k != "balance"} for row in exchanged(MOVES, "debit", "credit")]
    lines = "\n".join(line[:62] if "," in line[-9:] or "955" in line[-9:] else line for line in NO_HEADS.split("\n"))
    found = moves(no_balance, lines)
    assert "confirmed" not in {j.verdict for p, j in found.items() if p.endswith("it")}


def test_a_column_that_is_another_leafs_in_most_rows_only_is_not_the_leafs_by_its_head() -> None:
    """Balance and debit exchanged: where a row has no debit, its balance stands where it should."""
    found = moves(
        [
            {{"debit": "balance", "balance": "debit"}.get(k, k): v for k, v in r.items()} if "debit" in r else r
            for r in MOVES
        ]
    )
    for n in (0, 2, 3, 4):
        assert {verdict(found, n, leaf, "/rows") for leaf in ("debit", "balance")} == {"silent"}


@pytest.mark.parametrize("page", [MOVED, NO_HEADS], ids=["head", "no head"])
def test_a_sign_that_all_rows_turn_is_not_confirmed(page: str) -> None:
    rows = [{**row, "debit": -row["debit"]} if "debit" in row else row for row in MOVES]
    found = moves(rows, page)
    assert "confirmed" not in {j.verdict for p, j in found.items() if p.endswith("debit")}


def test_amounts_and_prices_turned_together_keep_their_rule_and_are_not_confirmed() -> None:
    rows = [{**row, "unit_price": -row["unit_price"], "amount": -row["amount"]} for row in ROWS]
    for page in (PAGE, UNKNOWN_HEADS):
        found = judged(rows, page, page)
        assert "confirmed" not in {
            found[f"/line_items/{n}/{leaf}"].verdict for n in range(5) for leaf in ("unit_price", "amount")
        }


@pytest.mark.parametrize("cut", ["Ball", "Ball valve", "valve, brass", "brass"])
def test_a_text_that_leaves_out_much_of_its_cell_is_not_confirmed(cut: str) -> None:
    page = PAGE.replace("Ball valve, brass     ", "Ball valve, brass 1in ")
    found = judged(changed(0, description=cut), page, page)["/line_items/0/description"]
    assert (found.verdict, found.evidence["otherwise"]) == ("silent", 1.0)
    assert found.witness == "Ball valve, brass 1in"


def test_all_texts_cut_to_their_first_word_are_not_confirmed() -> None:
    rows = [{**row, "description": row["description"].split()[0]} for row in ROWS]
    found = judged(rows, PAGE, PAGE)
    assert {verdict(found, n, "description") for n in range(5)} == {"silent"}


@pytest.mark.parametrize("cut", ["Exhibition catalogue,", "96 pages, offset"])
def test_a_text_whose_wrapped_line_is_left_out_is_not_confirmed(cut: str) -> None:
    rows = [
        {"description": cut, "quantity": 2, "unit_price": Decimal("1284.56"), "amount": Decimal("2569.12")},
        {"description": "Art cards A6", "quantity": 5, "unit_price": Decimal("10.00"), "amount": Decimal("50.00")},
    ]
    found = judged(rows, WRAPPED, WRAPPED)
    assert verdict(found, 0, "description") != "confirmed"
    assert verdict(found, 1, "description") == "confirmed"


@pytest.mark.parametrize("at", [0, 2, 4])
def test_a_row_given_twice_has_no_line_of_its_own(at: int) -> None:
    found = judged([*ROWS[:at], ROWS[at], *ROWS[at:]], PAGE, PAGE)
    silent = {pointer.split("/")[2] for pointer, j in found.items() if j.verdict != "confirmed"}
    assert len(silent) == 1
    assert silent <= {str(at), str(at + 1)}
    assert {j.evidence.get("nowhere") for j in found.values() if j.verdict != "confirmed"} == {1.0}


def test_rows_in_another_order_than_printed_are_not_called_invented() -> None:
    found = judged([ROWS[4], *ROWS[:4]], PAGE, PAGE)
    assert all(j.evidence.get("nowhere", 0.0) == 0.0 for j in found.values())


# --- fixtures -----------------------------------------------------------------------------------------------

READ = ("bank_statement_scanned", "invoice_sideways", "purchase_order_stained", "ad_buy_order_scanned")


@pytest.fixture(scope="module", params=READ)
def scanned(request: pytest.FixtureRequest, pictures_once: None) -> tuple[str, dict[str, Any], tuple[Reading, ...]]:
    """Type, true cells and Tesseract's readings of a fixture."""
    folder = FIXTURES / request.param
    about = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    data = json.loads((folder / "expected.json").read_text(encoding="utf-8"), parse_float=Decimal)
    config = Config(route="ocr")
    document = receive(folder / about["document"], config)
    readings = tuple(read_page(document, n, Tesseract(), config) for n in range(1, document.page_count + 1))
    leaves = [leaf.pointer for leaf in load_type(about["type"]).leaves if leaf.in_array]
    cells = {p: v for leaf in leaves for p, v in expand(data, leaf) if v is not None}
    return about["type"], cells, readings


def judge(cells: Mapping[str, Any], type: str, readings: tuple[Reading, ...]) -> dict[str, Judgement]:
    doctype = load_type(type)
    array = next(leaf.array for leaf in doctype.leaves if leaf.in_array)
    assert array is not None
    fields = {pointer: Field(value, source="given") for pointer, value in cells.items()}
    return judge_rows(fields, array, [Sight("tesseract", readings, doctype), Sight("paddle", readings, doctype)])


def test_scanned_tables_are_confirmed(scanned: tuple[str, dict[str, Any], tuple[Reading, ...]]) -> None:
    kind, cells, readings = scanned
    found = judge(cells, kind, readings)
    assert [p for p, j in found.items() if j.verdict == "contradicted"] == []
    assert sum(j.verdict == "confirmed" for j in found.values()) >= 0.95 * len(cells)


def test_every_changed_amount_is_noticed(scanned: tuple[str, dict[str, Any], tuple[Reading, ...]]) -> None:
    """Every third amount of a table raised by a hundred: none confirmed, nearly all contradicted, no other accused."""
    kind, cells, readings = scanned
    wrong = {p: v + 100 for p, v in list(cells.items())[::3] if isinstance(v, Decimal)}
    found = judge(cells | wrong, kind, readings)
    assert [p for p in wrong if found[p].verdict == "confirmed"] == []
    assert sum(found[p].verdict == "contradicted" for p in wrong) >= 0.7 * len(wrong)
    assert [p for p, j in found.items() if j.verdict == "contradicted" and p not in wrong] == []
